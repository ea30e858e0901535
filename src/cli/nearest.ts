/** Suggests the word that a misspelt one stands for. */

import { isWithinEditDistance } from '../matching/edit-distance.js';

/** More edits than this make another word. */
const MAX_EDITS = 2;

/** The choice with the fewest edits to `word`, at most two and fewer than half of its letters; undefined if there is none. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  const most = Math.min(MAX_EDITS, Math.ceil(word.length / 2) - 1);
  for (let edits = 0; edits <= most; edits++) {
    const found = choices.find((choice) => isWithinEditDistance(edits, word, choice));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** ` Did you mean --force?`, or nothing where no choice is near. */
export function didYouMean(word: string, choices: readonly string[], dashes = ''): string {
  const near = nearest(word, choices);
  return near === undefined ? '' : ` Did you mean ${dashes}${near}?`;
}
