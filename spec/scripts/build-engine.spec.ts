import { deflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { inSlices, moduleText } from '../../scripts/tools/build-engine/module.mjs';

/** Builds of other lengths, with more than one slice each. */
const builds = {
  plain: Uint8Array.from({ length: 40_000 }, (_, i) => i * i),
  relaxed: Uint8Array.from({ length: 30_000 }, (_, i) => i * i * i),
};

describe('build:engine writes a module', () => {
  const text = moduleText(builds, 'hash', '');

  it('with the builds in turn, a slice of each', () => {
    const { plain, relaxed } = builds;
    const rows = [0, 16384, 32768].flatMap((at) => [
      ...plain.subarray(at, at + 16384),
      ...relaxed.subarray(at, at + 16384),
    ]);
    expect(inSlices(builds)).to.deep.equal(Buffer.from(rows));
    expect(text).to.include('{ plain: 40000, relaxed: 30000 }');
  });

  it('that stays where another zlib deflated the same builds', () => {
    const other = deflateRawSync(inSlices(builds), { level: 1 }).toString('base64');
    const before = text.replace(/(DEFLATED_BUILDS =\s+')[^']+/, `$1${other}`);
    expect(before).to.not.equal(text);
    expect(moduleText(builds, 'hash', before)).to.equal(before);
  });

  it('anew where it holds other builds, another hash, or no stream', () => {
    const changed = { ...builds, relaxed: builds.relaxed.map((byte) => byte ^ 1) };
    expect(moduleText(changed, 'hash', text)).to.equal(moduleText(changed, 'hash', ''));
    expect(moduleText(builds, 'other', text)).to.equal(moduleText(builds, 'other', ''));
    const damaged = text.replace(/(DEFLATED_BUILDS =\s+')[^']+/, '$1AAAA');
    expect(moduleText(builds, 'hash', damaged)).to.equal(text);
  });
});
