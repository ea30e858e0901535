/** How a message tells a caller to read another dict of a file: a function takes options, a command takes words. */

import { show } from '../../check.js';
import { showPath } from './nodes.js';

export interface PathWords {
  /** The name of the choice: `Pass one of them as path`. */
  readonly name: string;
  /** What chooses a dict, and one of its tensors: `path: ["ema"] with select: ["w"]`. Undefined where no path helps. */
  way(path: readonly string[], select?: string): string | undefined;
}

/** Those of the functions. */
export const OPTION_WORDS: PathWords = {
  name: 'path',
  way: (path, select) =>
    `path: ${showPath(path)}${select === undefined ? '' : ` with select: [${show(select)}]`}`,
};
