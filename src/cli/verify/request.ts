import type { ParsedWords } from '../options.js';
import type { ArrayFiles } from './arrays.js';
import type { Backend } from './load-tfjs.js';

/** What the command line asks for. */
export interface Request {
  readonly words: ParsedWords;
  /** The weight file. */
  readonly source: string;
  /** The dict of it. */
  readonly path: readonly string[] | undefined;
  /** Of the requests for it, where it is a URL; arrays may be elsewhere. */
  readonly headers: Record<string, string> | undefined;
  readonly arrays: ArrayFiles;
  readonly backend: Backend;
  /** The largest error that is fine; undefined where rounding decides. */
  readonly tolerance: number | undefined;
  readonly signal: AbortSignal;
}
