import { message, show } from '../check.js';
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
  const where = 'parseStateDict';
  const file = asBytes(where, bytes);
  checkFormat(where, options.format);
  const format = options.format ?? detectFormat(where, file);
  return PARSERS[format](file, { limits: options.limits });
}

export function checkFormat(where: string, format: unknown): void {
  if (format === undefined || (typeof format === 'string' && Object.hasOwn(PARSERS, format))) return;
  const rule = Object.keys(PARSERS).map(show).join(' or ');
  throw new RangeError(message(where, 'format', rule, show(format)));
}
