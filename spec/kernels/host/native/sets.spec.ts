import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { SETS } from '../../../../scripts/tools/build-native/targets.mjs';
import { RunningEngine } from '../../../../src/kernels/host/host.js';
import { makeNativeEngine, type NativeAddon } from '../../../../src/kernels/host/runtime/native.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { differenceOfEngines, randomCombination } from '../../../support/differential.js';
import { Random } from '../../../support/random.js';
import { skip } from '../../../support/skip.js';

const addon = createRequire(import.meta.url)('../../../../native/index.cjs') as NativeAddon | undefined;

/** As of the differential: products and sums are rounded in other places. */
const TOLERANCE = 1e-4;

const SETS_HERE = Object.keys(SETS[process.arch as keyof typeof SETS] ?? {});

for (const set of SETS_HERE)
  describe(`the native engine on ${set}`, function () {
    this.timeout(180_000);
    let native: NativeAddon;

    before(async function () {
      if (addon === undefined) skip(this, 'the native engine is not built: npm run build:native');
      if (!addon.sets().includes(set)) skip(this, `this processor has no ${set}`);
      native = addon;
      await tf.setBackend('cpu');
    });

    it('says that it runs on it', () => {
      const { compiledTo } = makeNativeEngine(native, 1, set);
      expect(compiledTo.toLowerCase().replace('-', '')).to.equal(`${set}, natively`);
    });

    it('computes what the engine in WebAssembly does: outputs, states and gradients, on 1 to 3 threads', () => {
      const [here, inWasm] = [makeNativeEngine(native, 2, set), makeEngine()].map(
        (engine) => new RunningEngine(engine),
      ) as [RunningEngine, RunningEngine];
      const random = new Random(11);
      for (let i = 0; i < 100; i++) {
        const combination = randomCombination(random, i, 1e5);
        const difference = differenceOfEngines(combination, here, inWasm);
        expect(difference, JSON.stringify(combination)).to.be.at.most(TOLERANCE);
      }
      for (const { engine } of [here, inWasm]) engine.threads.count = 1;
    });
  });
