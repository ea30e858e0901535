import { expect } from 'chai';
import fc from 'fast-check';
import {
  printable,
  printableJson,
  printableMessage,
  printablePath,
  stringLiteral,
} from '../../src/cli/printable.js';

/** Clears the screen; a C1 control that some terminals take for the same; text that runs backwards; a line end of its own. */
const HOSTILE = 'a\u001b[2Jb\u009b2J\u202egnp.exe\u2028\r\n\u0000\ud800';
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('printable', () => {
  it('shows what a terminal would obey', () => {
    expect(printable(HOSTILE)).to.equal(
      'a\\u001b[2Jb\\u009b2J\\u202egnp.exe\\u2028\\u000d\\u000a\\u0000\\ud800',
    );
    expect(printable('\u{e0001}')).to.equal('\\udb40\\udc01');
  });

  it('leaves text of every language, and tells an escape from its look-alike', () => {
    expect(printable('größe.日本.weight 𝛼')).to.equal('größe.日本.weight 𝛼');
    expect(printable('\\u001b')).to.equal('\\\\u001b');
  });

  it('cuts text that is long, and says how long', () => {
    expect(printable('x'.repeat(120))).to.equal('x'.repeat(120));
    expect(printable('x'.repeat(1_000_000))).to.equal(`${'x'.repeat(120)}... (1000000 characters)`);
  });

  it('lets nothing through, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.to.match(UNPRINTABLE);
        expect(printableMessage(text).replace(/[\n\t]/g, '')).not.to.match(UNPRINTABLE);
        expect(printableJson([text]).replace(/\n/g, '')).not.to.match(UNPRINTABLE);
        expect(stringLiteral(text)).not.to.match(UNPRINTABLE);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('printablePath', () => {
  it('keeps the name of the file, however long its folder is', () => {
    const path = `${'folder/'.repeat(100)}model.pt2`;
    expect(printablePath(path)).to.equal(path);
    expect(printablePath(HOSTILE)).to.equal(printable(HOSTILE));
  });
});

describe('printableMessage', () => {
  it('keeps the lines and escapes of a message, and escapes the rest', () => {
    const message = `Error(s):\n\tsize mismatch for ${JSON.stringify('\u001b')}\u009b`;
    expect(printableMessage(message)).to.equal('Error(s):\n\tsize mismatch for "\\u001b"\\u009b');
  });
});

describe('printableJson', () => {
  it('stands for the same value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(printableJson({ text, list: [text] }))).to.deep.equal({ text, list: [text] });
      }),
      { seed: 2, numRuns: 500 },
    );
    expect(printableJson('\\ \u009b')).to.equal('"\\\\ \\u009b"');
  });
});

describe('stringLiteral', () => {
  it('is an expression with the same value, in which nothing ends the string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const value: unknown = new Function(`'use strict'; return ${stringLiteral(text)}`)();
        expect(value).to.equal(text);
      }),
      { seed: 3, numRuns: 500 },
    );
    expect(stringLiteral("it's \\ `")).to.equal("'it\\'s \\\\ `'");
  });
});
