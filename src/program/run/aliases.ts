/** Which values of a graph may share their elements: a tensor, and its views. */
export class Aliases {
  private readonly groups = new Map<string, Set<string>>();

  /** Notes that values may be views of each other. */
  join(names: readonly string[]): void {
    const [first, ...others] = names;
    for (const other of others) this.merge(this.group(first as string), this.group(other));
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

  group(name: string): Set<string> {
    const group = this.groups.get(name) ?? new Set([name]);
    this.groups.set(name, group);
    return group;
  }
}
