/** From a phrase to the indices the model was trained on. */

/** Index 0 fills a batch up to its longest phrase and marks where each phrase ends. */
export const PAD = 0;

/** Any character outside the vocabulary. Not 0: that would end the phrase in its middle. */
export const UNKNOWN = 1;

/** The same two steps as `normalise` in language_id/phrases.py, in the same order. */
export function normalise(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/**
 * Makes the function that turns a phrase into one index per character (code point, as in Python).
 *
 * @param characters the vocabulary; a character's index is its position + 2.
 */
export function createEncoder(characters: string): (text: string) => number[] {
  const indexOf = new Map(Array.from(characters, (character, position) => [character, position + 2]));
  return (text) => Array.from(normalise(text), (character) => indexOf.get(character) ?? UNKNOWN);
}
