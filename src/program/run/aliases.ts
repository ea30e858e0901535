/** Which values of a graph may share their elements: a tensor, and its views. */
export class Aliases {
  private readonly groups = new Map<string, Set<string>>();

  /** Notes that a value may be a view of others. */
  join(name: string, others: readonly string[]): void {
    const group = this.group(name);
    for (const other of others)
      for (const member of this.group(other)) {
        group.add(member);
        this.groups.set(member, group);
      }
  }

  /** The values that may share elements with one. */
  others(name: string): string[] {
    return [...this.group(name)].filter((member) => member !== name);
  }

  private group(name: string): Set<string> {
    const group = this.groups.get(name) ?? new Set([name]);
    this.groups.set(name, group);
    return group;
  }
}
