/** How the page names a dict inside a checkpoint. */

import { showPath } from '../../../../../src/state-dict/choose/nodes.js';
import type { PathWords } from '../../../../../src/state-dict/choose/path-words.js';

/** The label of the field that takes a path. */
export const DICT_LABEL = 'Dict of the checkpoint';

/** What messages say of it. */
export const DICT_WORDS: PathWords = {
  name: `"${DICT_LABEL}"`,
  way(path) {
    const isPlain = path.length > 0 && !path.some((key) => key.includes('/'));
    return `"${DICT_LABEL}" ${isPlain ? path.join('/') : showPath(path)}`;
  },
};

/** Keys joined by slashes, or a JSON list of them; undefined of nothing. */
export function parseDictPath(text: string): readonly string[] | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!trimmed.startsWith('[')) return trimmed.split('/');
  try {
    const keys: unknown = JSON.parse(trimmed);
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'string')) return keys;
  } catch {
    // Then it is a key that begins with a bracket.
  }
  return trimmed.split('/');
}
