import type { OptionSpecs, ParsedWords } from './options.js';
import type { Terminal } from './terminal.js';

/** What a command ends with: 0 fine, 1 the answer is no, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

export interface CommandContext {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** In the list of commands. */
  readonly summary: string;
  /** Everything that `help NAME` prints. */
  readonly help: string;
  readonly options: OptionSpecs;
  /** Names of the words that are no options, as the help has them. */
  readonly positionals: readonly string[];
  run(words: ParsedWords, context: CommandContext): Promise<ExitCode>;
}

/** Options that every command has. */
export const COMMON_OPTIONS: OptionSpecs = {
  help: { type: 'boolean', short: 'h' },
  debug: { type: 'boolean' },
};
