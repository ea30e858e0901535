/** What an option is, and the parser of command lines. The options of one command stand in its command.ts. */

import { parseArgs } from 'node:util';
import { didYouMean } from '../spelling.js';
import { showPath } from '../state-dict/choose/nodes.js';
import type { PathWords } from '../state-dict/choose/path-words.js';
import { publicWord } from './url.js';

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An option: a switch, or with `argument` one that a value follows. Help and parser are both made of it. */
export interface OptionSpec {
  /** What the help calls the value: `KEYS`. */
  readonly argument?: string;
  /** What the option does. */
  readonly help: string;
  /** Whether it may be given more than once. */
  readonly multiple?: boolean;
  /** One letter that stands for it: `-h`. */
  readonly short?: string;
  /** Whether `--layer=''` is a value. */
  readonly mayBeEmpty?: boolean;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Options that every command has. */
export const COMMON_OPTIONS: OptionSpecs = {
  json: { help: 'the answer as JSON, for scripts' },
  help: { short: 'h', help: 'this text' },
  debug: { help: 'show the stack of an error' },
};

/** The part of a file that a command takes. */
export const PART_OPTIONS = {
  path: {
    argument: 'KEYS',
    help: 'the dict to take of a checkpoint that holds several: keys joined by slashes, or a JSON list',
  },
  select: { argument: 'MODULE', multiple: true, help: 'only the tensors of this module; may be given again' },
} as const satisfies OptionSpecs;

/** What a command adds to requests for a URL. */
export const HTTP_OPTIONS = {
  header: {
    argument: 'NAME:VALUE',
    multiple: true,
    help: 'a header of the requests where it is a URL, such as "Authorization: Bearer ..."; may be given again',
  },
} as const satisfies OptionSpecs;

export interface ParsedWords {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  /** The last value given. */
  value(name: string): string | undefined;
  /** All values given. */
  values(name: string): readonly string[] | undefined;
}

/**
 * Splits words into options and the rest.
 *
 * @throws UsageError for an option that is unknown, lacks its value, or has one that it does not take.
 */
export function parseWords(words: readonly string[], options: OptionSpecs): ParsedWords {
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, parserOption(spec)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const found = new Map<string, string[]>();
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') rest.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const spec = Object.hasOwn(options, name) ? options[name] : undefined;
    if (spec === undefined)
      throw new UsageError(
        `There is no option ${rawName}. ${didYouMean(name, Object.keys(options), '--')}`.trimEnd(),
      );
    checkValue(rawName, spec, value, token.inlineValue === true);
    if (spec.argument !== undefined && !spec.multiple && found.has(name))
      throw new UsageError(`${rawName} is given twice.`);
    found.set(name, [...(found.get(name) ?? []), value ?? '']);
  }
  return {
    positionals: rest,
    flag: (name) => found.has(name),
    value: (name) => found.get(name)?.at(-1),
    values: (name) => found.get(name),
  };
}

function parserOption({ argument, short }: OptionSpec) {
  const type = argument === undefined ? ('boolean' as const) : ('string' as const);
  return short === undefined ? { type } : { type, short };
}

function checkValue(rawName: string, spec: OptionSpec, value: string | undefined, isInline: boolean): void {
  if (spec.argument === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    return;
  }
  if (value === undefined || (value === '' && !spec.mayBeEmpty))
    throw new UsageError(`${rawName} needs a value after it.`);
  // What looks like an option is one, and the value was forgotten; `--select=-x` says what is meant.
  if (!isInline && value.startsWith('--')) {
    throw new UsageError(`${rawName} needs a value after it, and ${value} looks like an option.`);
  }
}

/** @throws UsageError where the words that are not options are not as many as their names. */
export function checkPositionals({ positionals }: ParsedWords, names: readonly string[]): void {
  const [missing] = names.slice(positionals.length);
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  const [superfluous] = positionals.slice(names.length);
  if (superfluous !== undefined)
    throw new UsageError(`${publicWord(superfluous)} is one word too many: expected ${names.join(' ')}.`);
}

/** One of a few words, or undefined where the option was not given. */
export function choiceOf<T extends string>(
  words: ParsedWords,
  option: string,
  choices: readonly T[],
): T | undefined {
  const value = words.value(option);
  if (value === undefined || choices.includes(value as T)) return value as T | undefined;
  const hint = didYouMean(value, choices);
  throw new UsageError(`--${option} is one of ${choices.join(', ')}, not ${value}. ${hint}`.trimEnd());
}

/**
 * Keys from the root of a file to one of its dicts: joined by slashes, or the JSON list that messages print.
 *
 * @throws UsageError for JSON that is not a list of strings.
 */
export function pathOf(words: ParsedWords): readonly string[] | undefined {
  const text = words.value('path');
  if (text === undefined) return undefined;
  if (!text.startsWith('[')) return text.split('/');
  try {
    const keys: unknown = JSON.parse(text);
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'string')) return keys;
  } catch {
    // The error below covers it.
  }
  throw new UsageError(`--path is keys joined by slashes, or a JSON list such as '["ema", "model"]'.`);
}

/** A path as a message says to type it. Keys that a shell or the slash might change are in a JSON list. */
export const PATH_WORDS: PathWords = {
  name: '--path',
  way(path, select) {
    const isPlain = path.length > 0 && path.every((key) => PLAIN_WORD.test(key));
    const which = `--path ${isPlain ? path.join('/') : inShell(showPath(path))}`;
    return select === undefined ? which : `${which} with --select ${inShell(select)}`;
  },
};

const PLAIN_WORD = /^\w[\w.-]{0,79}$/;

function inShell(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The headers of `--header`.
 *
 * @throws UsageError, without the value, for what is not the name and value of a header.
 */
export function headersOf(words: ParsedWords): Record<string, string> | undefined {
  const texts = words.values('header');
  if (texts === undefined) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
      try {
        return new Headers([[name.trim(), value.trim()]]).entries().next().value as [string, string];
      } catch {
        throw new UsageError('--header is a name and a value, such as "Authorization: Bearer ...".');
      }
    }),
  );
}
