/** Values that share their elements, and of each the call that uses it last: of two, so that one is another than that which is asked. */
interface Group {
  readonly size: number;
  readonly latest: readonly Use[];
}

interface Use {
  readonly name: string;
  readonly index: number;
}

/** Which values of a graph may share their elements: a tensor, and its views. A set of disjoint sets. */
export class Aliases {
  /** One of the values that a value shares its elements with, on the way to that which stands for all of them. */
  private readonly parents = new Map<string, string>();
  private readonly groups = new Map<string, Group>();

  /** @param lastUse  the index of the call that uses a value last. It is asked once. */
  constructor(private readonly lastUse: (name: string) => number) {}

  /** Notes that values may be views of each other. */
  join(names: readonly string[]): void {
    const [first, ...others] = names;
    for (const other of others) this.merge(this.rootOf(first as string), this.rootOf(other));
  }

  /** A value that may share elements with one, and is used after a call; undefined where there is none. */
  seenAfter(name: string, index: number): string | undefined {
    const { latest } = this.groups.get(this.rootOf(name)) as Group;
    return latest.find((use) => use.name !== name && use.index > index)?.name;
  }

  /** The value that stands for all with which a value may share elements. */
  rootOf(name: string): string {
    let root = this.parents.get(name);
    if (root === undefined) {
      this.parents.set(name, name);
      this.groups.set(name, { size: 1, latest: [{ name, index: this.lastUse(name) }] });
      return name;
    }
    for (let next = this.parents.get(root); next !== root; next = this.parents.get(root))
      root = next as string;
    // The next search is short.
    this.parents.set(name, root);
    return root;
  }

  /** The smaller group goes into the larger one, so that ways stay short. */
  private merge(a: string, b: string): void {
    if (a === b) return;
    const [groupA, groupB] = [this.groups.get(a), this.groups.get(b)] as [Group, Group];
    const [small, large] = groupA.size < groupB.size ? [a, b] : [b, a];
    this.parents.set(small, large);
    this.groups.delete(small);
    const latest = [...groupA.latest, ...groupB.latest].sort((one, other) => other.index - one.index);
    this.groups.set(large, { size: groupA.size + groupB.size, latest: latest.slice(0, 2) });
  }
}
