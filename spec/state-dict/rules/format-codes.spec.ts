import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { FormatError } from '../../../src/errors.js';
import { formatCodes, formatError } from '../../../src/state-dict/rules/format-codes.js';

describe('formatCodes', () => {
  it('give each code a meaning of its own', () => {
    const meanings = Object.values(formatCodes);
    expect(new Set(meanings).size).to.equal(meanings.length);
    for (const code of Object.keys(formatCodes)) expect(code).to.match(/^[A-Z0-9_]+$/);
  });
});

describe('the table of codes in docs/files.md', () => {
  it('lists every code', () => {
    const page = readFileSync(new URL('../../../docs/files.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    expect(rows).to.deep.equal(Object.keys(formatCodes));
  });
});

describe('formatError', () => {
  it('is a FormatError with the code and the one form of messages', () => {
    const error = formatError('TOO_LARGE', 'json', 'byte 7', 'at most 3 levels', 'another', 'Flatten it');
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'TOO_LARGE');
    expect(error.message).to.equal('json: byte 7: expected at most 3 levels, got another. Flatten it');
  });
});
