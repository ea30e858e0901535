/** What a caller of readStateDict may ask for. */

import { checkKeys, message, show } from '../check.js';
import { checkFormat, type ParseOptions } from './parse.js';
import { checkFunction, checkPart } from './read-checkpoint.js';
import type { ReadLimits } from './rules/limits.js';
import { checkSha256 } from './sources/digest.js';
import { WHERE } from './sources/locate.js';
import type { ReadProgress } from './sources/stream.js';

export interface ReadOptions extends ParseOptions {
  /** Ends the reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told of every piece of a file, Blob or body as it arrives, with the total where the whole is read; not called for bytes
   * already in memory. Of a model in several files it counts in each from 0 on.
   */
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
  /** Of a model in several files, for each of them. */
  readonly limits?: ReadLimits | undefined;
  /** What `sha256sum` prints of the file, which is then read in whole: another file is a FormatError. */
  readonly sha256?: string | undefined;
}

const KNOWN: readonly (keyof ReadOptions)[] = [
  'format',
  'limits',
  'path',
  'select',
  'onReport',
  'signal',
  'onProgress',
  'sha256',
];

/** @throws TypeError or RangeError for an option that is unknown or is not what it should be. */
export function checkReadOptions(options: ReadOptions): void {
  checkKeys(WHERE, options, KNOWN);
  const { format, signal, onProgress, sha256 } = options;
  checkFormat(WHERE, format);
  if (signal && typeof signal.throwIfAborted !== 'function')
    throw new TypeError(message(WHERE, 'signal', 'an AbortSignal', show(signal)));
  checkFunction(WHERE, 'onProgress', onProgress);
  checkPart(WHERE, options);
  checkSha256(WHERE, sha256);
}
