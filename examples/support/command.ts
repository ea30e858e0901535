/** An example as a command with options and exit codes. */

import './closed-pipe.js';
import { red } from './terminal.js';

export interface Command<Options extends { readonly help: boolean }> {
  /** Throws an error that says what is wrong with the arguments. */
  readonly parse: (args: readonly string[]) => Options;
  /** What `--help` prints. */
  readonly help: string;
  /** Resolves to whether everything is as it should be. */
  readonly run: (options: Options) => Promise<boolean>;
}

/** Exits with 0, with 1 where `run` found something wrong, or with 2 and one line on stderr for an error. */
export async function runCommand<Options extends { readonly help: boolean }>({
  parse,
  help,
  run,
}: Command<Options>): Promise<void> {
  try {
    const options = parse(process.argv.slice(2));
    if (options.help) process.stdout.write(help);
    else if (!(await run(options))) process.exitCode = 1;
  } catch (error) {
    console.error(red((error as Error).message));
    process.exitCode = 2;
  }
}
