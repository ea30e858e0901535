import type { OptionSpecs, ParsedWords } from './options.js';
import type { Terminal } from './terminal.js';

/** As it is typed, and as messages and help call it. */
export const PROGRAM = 'tfjs-torch-rnn';

/** What a command ends with: 0 fine, 1 the answer is no, 2 wrong usage, 130 stopped by Ctrl-C before it was done. */
export type ExitCode = 0 | 1 | 2 | 130;

export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** In the list of commands. */
  readonly summary: string;
  /** What follows the name in the first line of the help: `FILE [options]`. */
  readonly usage: string;
  /** What the command does, in lines of at most 110 characters. */
  readonly description: string;
  /** Beside those that every command has. */
  readonly options: OptionSpecs;
  readonly examples: string;
  /** Names of the words that are not options, as messages call them. */
  readonly positionals: readonly string[];
  run(words: ParsedWords, context: CommandContext): Promise<ExitCode>;
}
