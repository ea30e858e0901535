import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { charactersOf, padToWidth, textWidth } from '../../examples/support/text-width.js';

/** Where Node's own line editor puts the cursor behind the text. */
function cursorBehind(text: string): number {
  const output = Object.assign(new PassThrough(), { columns: 1_000_000 });
  const terminal = createInterface({ input: new PassThrough(), output, terminal: true, prompt: '' });
  terminal.setPrompt(text);
  const { cols } = terminal.getCursorPos();
  terminal.close();
  return cols;
}

describe('textWidth', () => {
  it('counts cells of the screen', () => {
    const widths: [string, number][] = [
      ['', 0],
      ['abc', 3],
      ['e\u0301', 1],
      ['\u001b[1mbold\u001b[22m', 4],
      ['日本語', 6],
      ['ﾊﾝｶｸ', 4],
      ['안녕하세요', 10],
      ['（Ａ）', 6],
      ['𠮷', 2],
      ['👍🏽', 2],
      ['👩‍👩‍👧', 2],
      ['❤️', 2],
      ['→✓█', 3],
      ['שלום', 4],
      ['\u200b', 0],
    ];
    for (const [text, width] of widths) expect(textWidth(text), JSON.stringify(text)).to.equal(width);
  });

  it("agrees with Node's line editor on scripts of the world", () => {
    const ranges = [
      [0x20, 0x7e],
      [0xa1, 0xac],
      [0xc0, 0x24f],
      [0x391, 0x3a1],
      [0x410, 0x44f],
      [0x5d0, 0x5ea],
      [0x3041, 0x3096],
      [0x30a1, 0x30fa],
      [0x3105, 0x312f],
      [0x4e00, 0x4e80],
      [0xac00, 0xac80],
      [0xff01, 0xff5e],
      [0xff66, 0xff9d],
      [0x20000, 0x20040],
      [0x1f600, 0x1f640],
    ] as const;
    for (const [first, last] of ranges)
      for (let code = first; code <= last; code++) {
        const character = String.fromCodePoint(code);
        expect(textWidth(character), `U+${code.toString(16)}`).to.equal(cursorBehind(character));
      }
  });
});

describe('charactersOf', () => {
  it('keeps together what a reader takes for one character', () => {
    expect(charactersOf('ae\u0301👩‍👩‍👧')).to.deep.equal(['a', 'e\u0301', '👩‍👩‍👧']);
  });
});

describe('padToWidth', () => {
  it('fills up with spaces, and leaves what is wide enough', () => {
    expect([padToWidth('日', 4), padToWidth('日本', 3)]).to.deep.equal(['日  ', '日本']);
  });
});
