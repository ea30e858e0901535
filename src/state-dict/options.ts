/** The options of the readers, and their checks. */

import { checkKeys, message, show } from '../check.js';
import type { CheckpointPath } from './choose/dict.js';
import type { StateDictFormat } from './formats/detect.js';
import { FORMATS } from './formats/open.js';
import { checkModulePath } from './keys.js';
import type { ReadReport } from './report.js';
import type { ReadLimits } from './rules/limits.js';
import type { HttpOptions } from './sources/http/request.js';
import type { ReadProgress } from './sources/stream.js';

/** Which part of a file is read. */
export interface PartOptions {
  /**
   * Keys from the root of the file to the dict that is the state_dict: `['ema', 'model']`; `[]` is the root with all that
   * it holds. By default the only dict with tensors, optimizers aside.
   */
  readonly path?: CheckpointPath | undefined;
  /** Module paths whose tensors are read, such as `['encoder.gru']`. @default all */
  readonly select?: readonly string[] | undefined;
  /** Called once with what was read, when all of it is read. */
  readonly onReport?: ((report: ReadReport) => void) | undefined;
}

/** Options of `parseStateDict`. */
export interface ParseOptions extends PartOptions {
  /** The format of the bytes. @default detected by the first bytes */
  readonly format?: StateDictFormat | undefined;
  /** Bounds on what a file may ask for. */
  readonly limits?: ReadLimits | undefined;
}

/** Options of `readStateDict`. In a model of several files `limits` apply to each file. */
export interface ReadOptions extends ParseOptions, HttpOptions {
  /** Ends the reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called for every piece of a file, Blob or body as it arrives, with the total where the whole is read; not called for bytes
   * in memory. In a model of several files it counts from 0 in each.
   */
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
  /** What `sha256sum` prints of the file, which is then read as a whole: another file is a FormatError. */
  readonly sha256?: string | undefined;
}

const PARSE_KEYS: readonly (keyof ParseOptions)[] = ['format', 'limits', 'path', 'select', 'onReport'];
const READ_KEYS: readonly (keyof ReadOptions)[] = [
  ...PARSE_KEYS,
  'signal',
  'onProgress',
  'sha256',
  'headers',
  'fetch',
];

/** @throws TypeError or RangeError for an option that is unknown or invalid; `limits` are checked where they are resolved. */
export function checkParseOptions(where: string, options: ParseOptions): void {
  checkKeys(where, options, PARSE_KEYS);
  checkShared(where, options);
}

/** @throws TypeError or RangeError for an option that is unknown or invalid; `limits` are checked where they are resolved. */
export function checkReadOptions(where: string, options: ReadOptions): void {
  checkKeys(where, options, READ_KEYS);
  checkShared(where, options);
  const { signal, onProgress, sha256, headers, fetch } = options;
  const rule = '64 hexadecimal digits';
  const isSignal = typeof (signal as AbortSignal | null | undefined)?.throwIfAborted === 'function';
  checkType(where, 'signal', signal, 'an AbortSignal', isSignal);
  checkType(where, 'onProgress', onProgress, 'a function', typeof onProgress === 'function');
  checkHeaders(where, headers);
  checkType(where, 'fetch', fetch, 'a function', typeof fetch === 'function');
  checkType(where, 'sha256', sha256, rule, typeof sha256 === 'string');
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw new RangeError(message(where, 'sha256', rule, show(sha256)));
}

/** Their values are secrets: no message shows them. */
function checkHeaders(where: string, headers: unknown): void {
  if (headers === undefined) return;
  const rule = 'an object of names and values of HTTP headers';
  const isObject = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  const got = isObject ? 'others in it' : headers === null ? 'null' : `another ${typeof headers}`;
  try {
    if (isObject && new Headers(headers as Headers)) return;
  } catch {
    // The error below covers it: that of the platform may show a value.
  }
  throw new TypeError(message(where, 'headers', rule, got));
}

function checkShared(where: string, { format, path, select, onReport }: ParseOptions): void {
  if (format !== undefined && !FORMATS.includes(format))
    throw new RangeError(message(where, 'format', FORMATS.map(show).join(' or '), show(format)));
  const isPath = Array.isArray(path) && path.every((key) => typeof key === 'string');
  checkType(where, 'path', path, "a list of keys, such as ['model']", isPath);
  checkType(where, 'select', select, 'a list of module paths', Array.isArray(select));
  for (const module of select ?? []) checkModulePath(where, 'select', module);
  if (select?.length === 0)
    throw new RangeError(message(where, 'select', 'a module path or more', '[]', 'Leave it out to read all'));
  checkType(where, 'onReport', onReport, 'a function', typeof onReport === 'function');
}

function checkType(where: string, what: string, value: unknown, rule: string, isOfType: boolean): void {
  if (value !== undefined && !isOfType) throw new TypeError(message(where, what, rule, show(value)));
}
