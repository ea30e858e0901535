/** What is kept of data that nothing tells the end of: entries are checked in turns, so that a thousand cost a call no more than one. */

interface Checked {
  /** Whether all data that it was made of are alive. */
  isAlive(): boolean;
}

/** Entries that a call checks, and more for each one that it adds: so those out of date stay fewer than the others. */
const CHECKED_PER_CALL = 4;
const CHECKED_PER_ENTRY = 2;

export class EntriesInTurns<Entry extends Checked> {
  /** In the order in which they are checked. */
  private readonly entries = new Map<object, Entry>();

  /** @param onDrop  gets each entry that is out of date or replaced. */
  constructor(private readonly onDrop: (entry: Entry) => void) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: object): Entry | undefined {
    return this.entries.get(key);
  }

  /** Drops the entry of this key, checks some of the others, and adds what `make` gives. */
  replace(key: object, make: () => Entry): Entry {
    const old = this.entries.get(key);
    if (old) this.drop(key, old);
    this.check(CHECKED_PER_ENTRY);
    const made = make();
    this.entries.set(key, made);
    return made;
  }

  /** Drops some of those that are out of date. */
  sweep(): void {
    this.check(CHECKED_PER_CALL);
  }

  /** Drops all of them. */
  sweepAll(): void {
    this.check(this.entries.size);
  }

  private check(count: number): void {
    let left = Math.min(count, this.entries.size);
    for (const [key, entry] of this.entries) {
      if (left-- === 0) break;
      if (!entry.isAlive()) this.drop(key, entry);
      else if (this.entries.size > CHECKED_PER_CALL) {
        // To the end of the order.
        this.entries.delete(key);
        this.entries.set(key, entry);
      }
    }
  }

  private drop(key: object, entry: Entry): void {
    this.entries.delete(key);
    this.onDrop(entry);
  }
}
