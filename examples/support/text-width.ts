/** How wide text is in a terminal. */

import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Half-width forms of scripts that are wide otherwise. */
const HALF = /^[\uFF61-\uFFDC\uFFE8-\uFFEE]/;

/** Characters that take two cells: East Asian scripts, full-width forms, and emoji. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303E\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]/u;

/** Characters without a cell of their own. */
const NONE = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]/u;

/** Asks for the picture of a character that has one. */
const EMOJI_STYLE = '\uFE0F';

/** What a reader takes for single characters: letters with their accents, emoji with their parts. */
export function charactersOf(text: string): string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}

/** Cells of a terminal that text takes; colours take none. */
export function textWidth(text: string): number {
  return charactersOf(stripVTControlCharacters(text)).reduce((sum, character) => sum + cellsOf(character), 0);
}

function cellsOf(character: string): number {
  if (NONE.test(character)) return 0;
  const isWide = (WIDE.test(character) && !HALF.test(character)) || character.includes(EMOJI_STYLE);
  return isWide ? 2 : 1;
}

/** Text with spaces behind it, up to `width` cells. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}
