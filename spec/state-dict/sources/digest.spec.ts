import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { checkDigest } from '../../../src/state-dict/sources/digest.js';
import { fixture, rejectionOf, utf8 } from '../support.js';

const BYTES = utf8('abc');
/** The example of FIPS 180-2, appendix B.1. */
const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const ZEROS = '0'.repeat(64);

describe('checkDigest', () => {
  it('takes the file that has the digest, in digits of either case', async () => {
    await checkDigest('spec', BYTES, DIGEST);
    await checkDigest('spec', BYTES, DIGEST.toUpperCase());
    await checkDigest('spec', utf8('xabcx').subarray(1, 4), DIGEST);
  });

  it('refuses any other', async () => {
    const error = await rejectionOf(checkDigest('spec', BYTES, ZEROS));
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
    expect(error.message).to.equal(
      `spec: file: expected SHA-256 ${ZEROS}, got ${DIGEST}. It is damaged, or another version`,
    );
  });

  it('says so where the host cannot tell', async () => {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!;
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
    try {
      const error = await rejectionOf(checkDigest('spec', BYTES, DIGEST));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.equal(
        'spec: sha256: expected a host with crypto.subtle, got one without. ' +
          'Serve the page over https, or leave sha256 out',
      );
    } finally {
      Object.defineProperty(globalThis, 'crypto', original);
    }
  });
});

describe('readStateDict with sha256', () => {
  const file = fixture('reference/module.safetensors');
  const sha256 = createHash('sha256').update(file).digest('hex');

  it('reads the whole of the file that has it, with select too', async () => {
    let loaded = 0;
    const options = {
      sha256,
      select: ['bias_ih_l0'],
      onProgress: (told: { loaded: number }) => (loaded = told.loaded),
    };
    expect((await readStateDict(new Blob([file]), options)).size).to.equal(1);
    expect(loaded).to.equal(file.length);
  });

  it('refuses another file before it is parsed', async () => {
    const other = file.slice(0, -1);
    const error = await rejectionOf(readStateDict(other, { sha256 }));
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
    expect(error.message).to.match(/^readStateDict: bytes: file: expected SHA-256 /);
    expect((await rejectionOf(readStateDict(other, { sha256: 'x' }))).message).to.equal(
      'readStateDict: sha256: expected 64 hexadecimal digits, got "x"',
    );
  });
});
