// Programs of a project, run to their end.
import { npm, type RunResult, run } from '../../../../scripts/support/child-process.mjs';

/** A program that hangs fails. */
const LIMIT_MS = 5 * 60_000;

/** Runs Node in a project. @returns what it printed. @throws Error with its output where it fails. */
export async function runNode(args: readonly string[], cwd: string): Promise<string> {
  const { ok, stdout, output } = await run(process.execPath, args, { cwd, limitMs: LIMIT_MS });
  // Node prints the line that threw, which is all of a minified bundle.
  if (!ok) throw new Error(output.replaceAll(/^(.{300}).*$/gm, '$1'));
  return stdout;
}

/** Runs the package's program as npx does. */
export function runCommand(words: readonly string[], cwd: string): Promise<RunResult> {
  return npm(['exec', '--no', '--', 'tfjs-torch-rnn', ...words], { cwd, limitMs: LIMIT_MS });
}
