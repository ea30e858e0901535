/** Which values of a graph may share their elements: a tensor, and its views. */
export class Aliases {
  private readonly groups = new Map<string, Set<string>>();

  /** Notes that a value may be a view of others. */
  join(name: string, others: readonly string[]): void {
    for (const other of others) this.merge(this.group(name), this.group(other));
  }

  /** The values that may share elements with one. */
  others(name: string): string[] {
    return [...this.group(name)].filter((member) => member !== name);
  }

  /** The smaller group goes into the larger one, so that many views take no more than many steps. */
  private merge(a: Set<string>, b: Set<string>): void {
    if (a === b) return;
    const [small, large] = a.size < b.size ? [a, b] : [b, a];
    for (const member of small) {
      large.add(member);
      this.groups.set(member, large);
    }
  }

  private group(name: string): Set<string> {
    const group = this.groups.get(name) ?? new Set([name]);
    this.groups.set(name, group);
    return group;
  }
}
