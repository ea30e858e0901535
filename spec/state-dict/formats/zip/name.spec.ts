import { expect } from 'chai';
import { readName } from '../../../../src/state-dict/formats/zip/directory.js';
import { errorOf, utf8 } from '../../support.js';

describe('readName', () => {
  it('reads UTF-8 where it is marked, and ASCII where it is not', () => {
    for (const name of ['é/b', '\ufeffa', 'a', '..a/b..', 'a:0', 'c:a', '__proto__', 'folder/']) {
      expect(readName(utf8(name), true, 'entry 0')).to.equal(name);
    }
    expect(readName(utf8('a/b'), false, 'entry 0')).to.equal('a/b');
  });

  it('refuses other bytes', () => {
    const unmarked = errorOf(() => readName(utf8('é'), false, 'entry 3'));
    expect(unmarked.code).to.equal('UNSAFE_NAME');
    expect(unmarked.message).to.equal(
      'zip: entry 3: expected a name in ASCII, or marked as UTF-8, got other bytes',
    );
    const broken = errorOf(() => readName(Uint8Array.of(0xff), true, 'entry 3'));
    expect(broken.code).to.equal('UNSAFE_NAME');
    expect(broken.message).to.equal(
      'zip: entry 3: expected a name in UTF-8, as it is marked, got other bytes',
    );
  });

  it('refuses names that lead out of a folder, or that readers cut differently', () => {
    for (const name of ['', '/a', '..', '../a', 'a/../b', 'a/..', 'C:/a', 'c:/', 'a\\b', '..\\a', 'a\0b']) {
      const error = errorOf(() => readName(utf8(name), true, 'entry 0'));
      expect(error.code, name).to.equal('UNSAFE_NAME');
      expect(error.message).to.equal(
        `zip: entry 0: expected a relative name without "..", backslashes and zero bytes, got ${JSON.stringify(name)}`,
      );
    }
  });
});
