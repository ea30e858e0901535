import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import {
  asBytes,
  builtinClass,
  hasMark,
  latin1Of,
  requireLittleEndian,
} from '../../../src/state-dict/tensors/bytes.js';
import { errorOf } from '../support.js';

describe('asBytes', () => {
  it('is a plain view of the same memory', () => {
    const buffer = Buffer.from([1, 2, 3, 4]).subarray(1, 3);
    const bytes = asBytes('spec', buffer);
    expect(bytes.constructor).to.equal(Uint8Array);
    expect(bytes.buffer).to.equal(buffer.buffer);
    expect([...bytes]).to.deep.equal([2, 3]);
  });

  it('takes bytes of another realm', () => {
    for (const source of ['Uint8Array.of(7, 8)', 'Uint8Array.of(7, 8).buffer']) {
      const bytes = asBytes('spec', runInNewContext(source));
      expect(bytes, source).to.be.instanceOf(Uint8Array);
      expect([...bytes], source).to.deep.equal([7, 8]);
    }
  });

  it('copies memory that may be shared or resized', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4)).subarray(1, 3);
    const resizable = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(2, {
      maxByteLength: 8,
    });
    for (const source of [shared, resizable, new Uint8Array(resizable)]) {
      new Uint8Array((source as Uint8Array).buffer ?? source).fill(7);
      const bytes = asBytes('spec', source);
      expect(Object.prototype.toString.call(bytes.buffer)).to.equal('[object ArrayBuffer]');
      expect((bytes.buffer as { resizable?: boolean }).resizable).to.equal(false);
      expect([...bytes]).to.deep.equal([7, 7]);
    }
  });

  it('calls the value by the given name', () => {
    expect(errorOf(() => asBytes('spec', 'text', 'URL "u"')).message).to.equal(
      'spec: URL "u": expected a Uint8Array or ArrayBuffer, got "text"',
    );
  });

  it('refuses views of other elements', () => {
    const error = errorOf(() => asBytes('parseStateDict', Float32Array.of(1)));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      'parseStateDict: bytes: expected a Uint8Array or ArrayBuffer, got Float32Array',
    );
  });
});

describe('requireLittleEndian', () => {
  it('refuses a big-endian machine', () => {
    const error = errorOf(() => requireLittleEndian('safetensors', false));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'safetensors: machine: expected little-endian byte order, got big-endian. Run on a little-endian machine',
    );
  });

  it('takes this machine for what Node says it is', async () => {
    const { endianness } = await import('node:os');
    if (endianness() === 'LE') requireLittleEndian('spec');
    else expect(errorOf(() => requireLittleEndian('spec'))).to.be.instanceOf(UnsupportedError);
  });
});

describe('hasMark', () => {
  it('compares the bytes there with character codes, and finds none past the end', () => {
    const bytes = Uint8Array.of(0x93, 0x4e, 0x55);
    expect(hasMark(bytes, '\x93N')).to.equal(true);
    expect(hasMark(bytes, 'NU', 1)).to.equal(true);
    expect(hasMark(bytes, 'NU')).to.equal(false);
    expect(hasMark(bytes, 'U\0', 2)).to.equal(false);
  });
});

describe('latin1Of', () => {
  it('is one character for each byte, its number', () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 256);
    const text = latin1Of(bytes);
    expect(text).to.have.length(10_000);
    expect(bytes.every((byte, i) => text.charCodeAt(i) === byte)).to.equal(true);
    expect(latin1Of(new Uint8Array(0))).to.equal('');
  });
});

describe('builtinClass', () => {
  it('knows built-in values of this realm and of another', () => {
    for (const name of ['Uint8Array', 'BigInt64Array', 'Map']) {
      const foreign: unknown = runInNewContext(`new ${name}()`);
      expect(foreign, name).not.to.be.instanceOf(
        (globalThis as unknown as Record<string, MapConstructor>)[name],
      );
      expect(builtinClass(foreign)).to.equal(name);
    }
    expect(builtinClass(runInNewContext('new ArrayBuffer(1)'))).to.equal('ArrayBuffer');
    expect(builtinClass(new ArrayBuffer(1))).to.equal('ArrayBuffer');
  });

  it('counts a Buffer as a Uint8Array and a subclass as its base', () => {
    expect(builtinClass(Buffer.of(1))).to.equal('Uint8Array');
    expect(builtinClass(new (class extends Map {})())).to.equal('Map');
  });

  it('gives any value a tag', () => {
    expect([null, undefined, 1, 'a', [], {}].map(builtinClass)).to.deep.equal([
      'Null',
      'Undefined',
      'Number',
      'String',
      'Array',
      'Object',
    ]);
  });
});
