/** Counts checks, and prints those that fail. */
export class Tally {
  passed = 0;
  failed = 0;

  /** @param replay the command line that runs a failed check again. */
  async check(title: string, replay: string, body: () => void | Promise<void>): Promise<void> {
    try {
      await body();
      this.passed++;
    } catch (error) {
      this.failed++;
      console.log(`FAIL ${title}: ${error instanceof Error ? error.message : error}\n  again: ${replay}`);
    }
  }
}
