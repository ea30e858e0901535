/** Hints at prefixes, followed on a state_dict of PyTorch. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type LoadOptions, loadStateDict } from '../../src/models/load-state-dict.js';
import type { LayersByPath } from '../../src/models/target.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { fixtureBytes } from '../support/node/files.js';
import { below, expectSameBits, f32 } from './torch-modules.js';

/** What scripts/fixtures/make_tied.py wrote. */
const file = (): StateDict => {
  const whole = parseStateDict(fixtureBytes('tied/whole.safetensors'));
  return new Map([...whole].filter(([key]) => /^(?:embedding|fc)\./.test(key)));
};

const layersAt = (path: string): LayersByPath => ({
  [`${path}embedding`]: tf.layers.embedding({ inputDim: 7, outputDim: 4 }),
  [`${path}fc`]: tf.layers.dense({ units: 7, useBias: false }),
});

function toldBy(target: LayersByPath, stateDict: StateDict, options: LoadOptions = {}): string {
  try {
    return loadStateDict(target, stateDict, { ...options, onWarnings: () => {} }).warnings.join('\n');
  } catch (error) {
    return (error as Error).message;
  }
}

function disposeAll(target: LayersByPath): void {
  for (const holder of Object.values(target))
    if (holder instanceof tf.Variable || holder.built) holder.dispose();
}

describe('hints at prefixes', () => {
  before(() => tf.setBackend('cpu'));

  it('say that the keys fit without one', async () => {
    const target = layersAt('');
    const told = toldBy(target, file(), { prefix: 'model' });
    expect(told.split('\n\t').slice(2)).to.deep.equal([
      'Hint: The missing keys are there as they stand: leave out prefix.',
    ]);
    loadStateDict(target, file());
    expectSameBits(await toStateDict(target), file());
    const twice = toldBy(target, file(), { prefix: 'model', stripPrefix: 'module' });
    expect(twice).to.contain('leave out prefix and stripPrefix.');
    disposeAll(target);
  });

  it('say so where the paths begin with it', async () => {
    const target = layersAt('decoder.');
    const whole = below('decoder', file());
    const told = toldBy(target, whole, { prefix: 'decoder' });
    expect(told.split('\n\t').slice(3)).to.deep.equal([
      'Hint: The missing keys are there as they stand: leave out prefix.',
    ]);
    loadStateDict(target, whole);
    expectSameBits(await toStateDict(target), whole);
    disposeAll(target);
  });

  it('are told where strict: false takes nothing, without advice to pass it', () => {
    const target = layersAt('');
    loadStateDict(target, file());
    const told = toldBy(target, file(), { prefix: 'model', strict: false });
    expect(told.split('\n')).to.deep.equal([
      'Nothing was loaded: the file has no key of these layers, whose weights keep their values.',
      'The missing keys are there as they stand: leave out prefix.',
    ]);
    disposeAll(target);
  });

  const checkpoint = (): StateDict =>
    new Map([
      ...below('model.module', file()),
      ...below('ema', file()),
      ...below('optimizer.state.0', new Map([['exp_avg', f32([7, 4])]])),
    ]);

  it('list all that fit of a checkpoint with several dicts, and nothing else', async () => {
    const target = layersAt('');
    const told = toldBy(target, checkpoint());
    expect(told.split('\n\t').slice(2)).to.deep.equal([
      'Hint: Keys were taken below "model.module", and as many fit below "ema". The file does not tell which is meant: pass ' +
        'prefix: "model.module" or prefix: "ema".',
    ]);
    for (const [, prefix] of told.matchAll(/prefix: ("[^"]*")/g)) {
      const report = loadStateDict(target, checkpoint(), { prefix: JSON.parse(prefix as string) });
      expect(report.warnings).to.deep.equal([]);
      expectSameBits(await toStateDict(target), file());
    }
    expect(toldBy(target, checkpoint(), { strict: false })).to.match(
      /^Keys were taken below "model\.module"/,
    );
    disposeAll(target);
  });
});

describe('tensors of tfjs in a state_dict', () => {
  before(() => tf.setBackend('cpu'));

  it('are told apart from entries, with what makes an entry of one', async () => {
    for (const [t, dtype] of [
      [tf.tensor1d([1, 2]), 'F32'],
      [tf.tensor1d([1, 2], 'int32'), 'I32'],
      [tf.tensor1d([true, false], 'bool'), 'BOOL'],
    ] as const) {
      let told = '';
      try {
        writeSafetensors(new Map([['v', t as never]]));
      } catch (error) {
        told = (error as Error).message;
      }
      expect(told).to.equal(
        'writeSafetensors: tensor "v": expected an entry { dtype, shape, data }, got Tensor. It is a tensor of tfjs: ' +
          `toStateDict({ [key]: variable }) writes a tf.Variable, or { dtype: '${dtype}', shape: t.shape, data: await t.data() } is one`,
      );
      const [, code] = / or (\{.*\}) is one$/.exec(told) ?? [];
      const entry = await new Function('t', `return (async () => (${code}))();`)(t);
      const written = parseStateDict(writeSafetensors(new Map([['v', entry]])));
      expect(written.get('v')).to.deep.include({ dtype, shape: [2] });
      t.dispose();
    }
  });
});
