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

describe('formatError', () => {
  it('is a FormatError with the code and the one form of messages', () => {
    const error = formatError('TOO_DEEP', 'json', 'byte 7', 'at most 3 levels', 'another', 'Flatten it');
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'TOO_DEEP');
    expect(error.message).to.equal('json: byte 7: expected at most 3 levels, got another. Flatten it');
  });
});
