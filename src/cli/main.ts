/** Runs a command line and returns its exit code. */

import { readFileSync } from 'node:fs';
import { FormatError } from '../errors.js';
import { didYouMean } from '../spelling.js';
import { type Command, type CommandContext, type ExitCode, PROGRAM } from './command.js';
import { convert } from './convert/command.js';
import { doctor } from './doctor/command.js';
import { exportScript } from './export-script.js';
import { commandHelp, optionHelp } from './help.js';
import { inspect } from './inspect/command.js';
import { COMMON_OPTIONS, checkPositionals, type OptionSpecs, parseWords, UsageError } from './options.js';
import { printableJson, printableMessage } from './printable.js';
import type { Terminal } from './terminal.js';
import { publicWord } from './url.js';
import { verify } from './verify/command.js';

const COMMANDS: readonly Command[] = [inspect, convert, verify, exportScript, doctor];

/** What the program takes without a command. */
const PROGRAM_OPTIONS: OptionSpecs = {
  help: { short: 'h', help: 'this text, or that of a command' },
  version: { short: 'v', help: 'the version of the package' },
  debug: { help: 'show the stack of an error' },
};

const OVERVIEW = `${PROGRAM}: PyTorch's weight files, seen from TensorFlow.js.

Usage:
  ${PROGRAM} COMMAND ...
  ${PROGRAM} help COMMAND

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`).join('\n')}

${optionHelp(PROGRAM_OPTIONS)}

Examples:
  ${PROGRAM} inspect model.safetensors
  ${PROGRAM} convert model.safetensors model-f16.safetensors --dtype f16
  ${PROGRAM} verify model.safetensors --layer gru --input x.npy --expected y.npy

Exit codes: 0 fine; 1 the answer is no (beyond the tolerance, a tensor missing, a file malformed); 2 wrong usage;
130 stopped by Ctrl-C, and nothing was written.`;

/** Runs a command line and never throws: it prints an error in a line or two. */
export async function main(words: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { terminal, signal } = context;
  // --debug may stand before the command as well.
  const given = words[0] === '--debug' ? words.slice(1) : words;
  const command = COMMANDS.find(({ name }) => name === given[0]);
  try {
    return command ? await runCommand(command, given.slice(1), context) : answer(given, terminal);
  } catch (error) {
    terminal.progress(undefined);
    if (signal.aborted) {
      terminal.note(`${PROGRAM}: stopped; nothing was written.`);
      return 130;
    }
    report(error, command, words.includes('--debug'), terminal);
    if (command && words.includes('--json')) terminal.line(printableJson({ error: describeError(error) }));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runCommand(
  command: Command,
  words: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const parsed = parseWords(words, { ...COMMON_OPTIONS, ...command.options });
  if (parsed.flag('help')) {
    context.terminal.line(commandHelp(command));
    return 0;
  }
  checkPositionals(parsed, command.positionals);
  return command.run(parsed, context);
}

/** Words without a command: help, the version, or a mistake. */
function answer(words: readonly string[], terminal: Terminal): ExitCode {
  const [first = 'help'] = words;
  if (first !== 'help' && !first.startsWith('-')) throw unknownCommand(first);
  const { positionals, flag } = parseWords(words, PROGRAM_OPTIONS);
  const word = positionals.find((positional) => positional !== 'help');
  if (flag('version')) terminal.line(version());
  else terminal.line(word === undefined ? OVERVIEW : helpOf(word));
  return 0;
}

function helpOf(word: string): string {
  const command = COMMANDS.find(({ name }) => name === word);
  if (command) return commandHelp(command);
  throw unknownCommand(word);
}

function unknownCommand(word: string): UsageError {
  const names = COMMANDS.map(({ name }) => name);
  const hint = didYouMean(word, names) || `The commands are ${names.join(', ')}.`;
  return new UsageError(`There is no command ${publicWord(word)}. ${hint}`);
}

function version(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function report(error: unknown, command: Command | undefined, debug: boolean, terminal: Terminal): void {
  // Every other message begins with the command already, or with what it called.
  const where = command && error instanceof UsageError ? `${command.name}: ` : '';
  const text = printableMessage(`${where}${messageOf(error)}`);
  terminal.note(`${terminal.noteStyle('red', `${PROGRAM}:`)} ${text}`);
  if (error instanceof UsageError) {
    terminal.note(`Run "${PROGRAM} help${command ? ` ${command.name}` : ''}" for all it takes.`);
  }
  if (debug && error instanceof Error) terminal.note(printableMessage(error.stack ?? ''));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error as scripts read it; `code` is that of a malformed file. */
function describeError(error: unknown) {
  const name = error instanceof Error ? error.name : 'Error';
  return { name, ...(error instanceof FormatError && { code: error.code }), message: messageOf(error) };
}
