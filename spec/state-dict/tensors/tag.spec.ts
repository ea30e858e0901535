import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { tagOf } from '../../../src/state-dict/tensors/tag.js';

describe('tagOf', () => {
  it('knows built-in values of this realm and of another', () => {
    for (const name of ['Uint8Array', 'BigInt64Array', 'Map']) {
      const foreign: unknown = runInNewContext(`new ${name}()`);
      expect(foreign, name).not.to.be.instanceOf(
        (globalThis as unknown as Record<string, MapConstructor>)[name],
      );
      expect(tagOf(foreign)).to.equal(name);
    }
    expect(tagOf(runInNewContext('new ArrayBuffer(1)'))).to.equal('ArrayBuffer');
    expect(tagOf(new ArrayBuffer(1))).to.equal('ArrayBuffer');
  });

  it('counts a Buffer as a Uint8Array and a subclass as its base', () => {
    expect(tagOf(Buffer.of(1))).to.equal('Uint8Array');
    expect(tagOf(new (class extends Map {})())).to.equal('Map');
  });

  it('gives any value a tag', () => {
    expect([null, undefined, 1, 'a', [], {}].map(tagOf)).to.deep.equal([
      'Null',
      'Undefined',
      'Number',
      'String',
      'Array',
      'Object',
    ]);
  });
});
