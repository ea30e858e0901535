import { inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { inSlices } from '../../../../scripts/tools/build-engine/module.mjs';
import { buildOf } from '../../../../src/kernels/host/runtime/builds.js';
import { DEFLATED_BUILDS } from '../../../../src/kernels/host/runtime/engine.wasm.js';
import { hasMultiplyAdd } from '../../../../src/kernels/host/runtime/wasm.js';

describe('the builds of the engine', () => {
  const builds = { plain: buildOf('plain'), relaxed: buildOf('relaxed') };

  it('are those of the deflated stream', () => {
    expect(inflateRawSync(Buffer.from(DEFLATED_BUILDS, 'base64')).equals(inSlices(builds))).to.equal(true);
  });

  it('are modules, of which one needs fused multiply-add', () => {
    expect(WebAssembly.validate(builds.plain)).to.equal(true);
    expect(WebAssembly.validate(builds.relaxed)).to.equal(hasMultiplyAdd());
  });
});
