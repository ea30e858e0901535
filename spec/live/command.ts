/** The command line of live specs, and tests that tell which command repeats them. */

/** The options that follow `run.ts FOLDER`. */
export const LIVE_ARGUMENTS: readonly string[] = process.argv.slice(3);

export function randomSeed(): number {
  return Math.floor(Math.random() * 1e6);
}

/**
 * A test whose failure also names the command that repeats it.
 *
 * @param again the command
 */
export function check(title: string, again: string, body: () => void | Promise<void>): void {
  it(title, async () => {
    try {
      await body();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${reason}\n  again: ${again}`, { cause });
    }
  });
}
