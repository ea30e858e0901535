import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { readName } from '../../../../src/state-dict/formats/zip/name.js';
import { errorOf, utf8 } from '../../support.js';

/** The content of the extra field with a name in UTF-8 that stands for other bytes. */
function unicodePath(name: string, of: Uint8Array, version = 1): Uint8Array {
  const path = new Uint8Array(5 + utf8(name).length);
  path[0] = version;
  new DataView(path.buffer).setUint32(1, crc32(of), true);
  path.set(utf8(name), 5);
  return path;
}

describe('readName', () => {
  it('reads UTF-8 where it is marked', () => {
    for (const name of ['é/b', '\ufeffa', 'a', '__proto__', 'folder/'])
      expect(readName(utf8(name), true, 'entry 0')).to.equal(name);
  });

  it('reads other names as code page 437, every byte of it, as Python does', () => {
    expect(readName(utf8('a/b'), false, 'entry 0')).to.equal('a/b');
    expect(readName(Uint8Array.of(0x82, 0x2e, 0x9b, 0xe1, 0xff), false, 'entry 0')).to.equal('é.¢ß\u00a0');
    const all = Uint8Array.from({ length: 128 }, (_, i) => i + 128);
    expect(new Set(readName(all, false, 'entry 0'))).to.have.property('size', 128);
  });

  it('takes the Unicode path of the same bytes, and of no others', () => {
    const bytes = Uint8Array.of(0x82);
    expect(readName(bytes, false, 'entry 0', unicodePath('日', bytes))).to.equal('日');
    for (const path of [
      unicodePath('日', utf8('b')),
      unicodePath('日', bytes, 2),
      unicodePath('', bytes),
      new Uint8Array(0),
    ])
      expect(readName(bytes, false, 'entry 0', path)).to.equal('é');
    expect(readName(utf8('a'), true, 'entry 0', unicodePath('b', utf8('a')))).to.equal('a');
  });

  it('reads names that lead out of a folder: nothing is unpacked', () => {
    for (const name of ['/a', '..', '../a', 'a/../b', 'a/..', 'C:/a', 'c:/', 'a\\b', '..\\a'])
      expect(readName(utf8(name), true, 'entry 0')).to.equal(name);
  });

  it('refuses bytes that are not what they are marked as', () => {
    const path = unicodePath('é', utf8('a')).slice(0, -1);
    for (const read of [
      () => readName(Uint8Array.of(0xff), true, 'entry 3'),
      () => readName(utf8('a'), false, 'entry 3', path),
    ]) {
      const broken = errorOf(read);
      expect(broken.code).to.equal('UNSAFE_NAME');
      expect(broken.message).to.equal(
        'zip: entry 3: expected a name in UTF-8, as it is marked, got other bytes',
      );
    }
  });

  it('refuses an empty name, and one that Python cuts off', () => {
    for (const name of ['', 'a\0b']) {
      const error = errorOf(() => readName(utf8(name), true, 'entry 0'));
      expect(error.code, name).to.equal('UNSAFE_NAME');
      expect(error.message).to.equal(
        `zip: entry 0: expected a name without zero bytes, got ${JSON.stringify(name)}`,
      );
    }
  });
});
