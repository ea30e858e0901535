import { checkKeys, message, show } from '../check.js';
import { FormatError } from '../errors.js';
import { asBytes } from './bytes.js';
import { detectFormat, type StateDictFormat } from './detect.js';
import { parseJson } from './json.js';
import type { ParseLimits } from './limits.js';
import { parseSafetensors } from './safetensors.js';
import type { StateDict } from './types.js';

export interface ParseOptions {
  /** What the bytes are. @default judged by the first bytes */
  readonly format?: StateDictFormat;
  /** What a file may ask for. */
  readonly limits?: ParseLimits;
}

const PARSERS = { safetensors: parseSafetensors, json: parseJson };
const WHERE = 'parseStateDict';
/** A string may be a path as well, so it is not taken for the text itself. */
const TEXT_REMEDY = 'Pass new TextEncoder().encode(text) of JSON text; readStateDict(path) reads a file';
const KNOWN: readonly (keyof ParseOptions)[] = ['format', 'limits'];

/**
 * The state_dict that a safetensors file or JSON text holds.
 *
 * Tensors of a safetensors file are views of `bytes` where alignment allows: keep the bytes unchanged while in use.
 *
 * @throws FormatError when the file is malformed; `code` names the rule.
 * @throws UnsupportedError for files of other formats (.pt, .npz, ...), with what to run instead.
 * @throws TypeError or RangeError for a wrong argument.
 */
export function parseStateDict(bytes: Uint8Array | ArrayBuffer, options: ParseOptions = {}): StateDict {
  const file = asBytes(WHERE, bytes, 'bytes', typeof bytes === 'string' ? TEXT_REMEDY : undefined);
  checkKeys(WHERE, options, KNOWN);
  checkFormat(WHERE, options.format);
  const format = options.format ?? detectFormat(WHERE, 'source', file);
  return PARSERS[format](file, { limits: options.limits });
}

/** parseStateDict for bytes that came from somewhere: every message begins with the function and the source. */
export function parseSource(
  where: string,
  source: string,
  file: Uint8Array,
  { format, limits }: ParseOptions,
): StateDict {
  const parse = PARSERS[format ?? detectFormat(where, source, file)];
  try {
    return parse(file, { limits });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(error.code, `${where}: ${source}: ${error.message}`);
  }
}

export function checkFormat(where: string, format: unknown): void {
  if (format === undefined || (typeof format === 'string' && Object.hasOwn(PARSERS, format))) return;
  const rule = Object.keys(PARSERS).map(show).join(' or ');
  throw new RangeError(message(where, 'format', rule, show(format)));
}
