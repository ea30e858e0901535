/** From text to words, from a word to the indices the model reads, and from those it writes to phonemes. */

/** What the encoder reads. Index 0 pads. */
export const GRAPHEMES = ['<pad>', '<unk>', '</s>', ...'abcdefghijklmnopqrstuvwxyz'];

/** What the decoder writes: the phonemes of ARPAbet. A vowel ends with its stress: 0 none, 1 primary, 2 secondary. */
export const PHONEMES = `
  <pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2
  ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH UH0 UH1
  UH2 UW UW0 UW1 UW2 V W Y Z ZH
`
  .trim()
  .split(/\s+/);

const UNKNOWN = GRAPHEMES.indexOf('<unk>');
const WORD_END = GRAPHEMES.indexOf('</s>');

/**
 * The words of a text in lower case and without accents. Punctuation divides words, apostrophes belong to them.
 *
 * @throws RangeError naming what has other letters or digits: the model reads English words only.
 */
export function splitWords(text: string): string[] {
  const plain = text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replaceAll('’', "'")
    .toLowerCase();
  const words = plain.match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu) ?? [];
  for (const word of words) {
    if (/^[a-z']+$/.test(word)) continue;
    const remedy = /\p{N}/u.test(word) ? '. Write numbers as words' : '';
    throw new RangeError(`text: expected words of the letters a to z, got ${JSON.stringify(word)}${remedy}`);
  }
  return words;
}

/** One index per letter and one for the end. The model does not know the apostrophe. */
export function encodeWord(word: string): number[] {
  const letters = Array.from(word, (letter) => {
    const index = GRAPHEMES.indexOf(letter);
    return index < 0 ? UNKNOWN : index;
  });
  return [...letters, WORD_END];
}

/** Phonemes as the CMU Pronouncing Dictionary writes them: `HH EH1 L OW0`. */
export function spellPhonemes(indices: readonly number[]): string {
  return indices.map((index) => PHONEMES[index]).join(' ');
}
