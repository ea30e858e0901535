import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { gru } from '../../src/index.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import type { LayersByPath } from '../../src/models/target.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { below, expectSameBits, f32 } from './torch-modules.js';

const zeros = (shape: number[], dtype?: 'int32') => tf.tidy(() => tf.variable(tf.zeros(shape, dtype)));

const file = (): StateDict =>
  new Map([
    ['start', f32([2], [3, 4])],
    ['decoder.fc.weight', f32([3, 2], [1, 2, 3, 4, 5, 6])],
    ['decoder.fc.bias', f32([3], [7, 8, 9])],
    ['decoder.scale', f32([], [0.5])],
  ]);

const targetOf = () => ({
  start: zeros([2]),
  'decoder.fc': tf.layers.dense({ units: 3 }),
  'decoder.scale': zeros([]),
});

function disposeAll(target: LayersByPath): void {
  for (const holder of Object.values(target))
    if (holder instanceof tf.Variable || holder instanceof tf.LayersModel || holder.built) holder.dispose();
}

function faultOf(target: LayersByPath, stateDict: StateDict, options = {}): string {
  try {
    loadStateDict(target, stateDict, options);
  } catch (error) {
    if (error instanceof StateDictError) return error.message;
    throw error;
  }
  throw new Error('the load did not fail');
}

describeEachBackend('variables of a target', () => {
  it('take the parameter of their whole name in place, and give it back', async () => {
    const target = targetOf();
    const report = loadStateDict(target, file());
    expect(report).to.deep.include({ loaded: [...file().keys()], missing: [], unexpected: [], warnings: [] });
    expect([...(await target.start.data())]).to.deep.equal([3, 4]);
    expect([...(await target['decoder.scale'].data())]).to.deep.equal([0.5]);
    expectSameBits(await toStateDict(target), file());
    disposeAll(target);
  });

  it('go with a prefix, what a wrapper put before the keys, other dtypes, and a map', async () => {
    const target = targetOf();
    const half = { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0x4000) } as const;
    expect(loadStateDict(target, below('module', file().set('start', half))).converted).to.deep.equal([
      { key: 'module.start', dtype: 'F16' },
    ]);
    expect([...(await target.start.data())]).to.deep.equal([1, 2]);
    const nested = new Map([...below('net', file()), ['other', f32([1])] as const]);
    expect(loadStateDict(target, nested, { prefix: 'net' }).loaded).to.have.lengthOf(4);
    expectSameBits(await toStateDict(target, { prefix: 'net' }), below('net', file()));
    const map = { start: ['first', 'again.first'], 'decoder.scale': 'scale' };
    const written = await toStateDict(target, { map });
    expect([...written.keys()]).to.deep.equal([
      'first',
      'again.first',
      'decoder.fc.weight',
      'decoder.fc.bias',
      'scale',
    ]);
    expect(loadStateDict(target, written, { map }).missing).to.deep.equal([]);
    disposeAll(target);
  });

  it('stand beside a model at the root', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ name: 'fc', units: 3, inputShape: [2] })] });
    const target = { '': model, scale: zeros([]) };
    const whole = new Map(
      [...file()].flatMap(([key, tensor]) =>
        key === 'start' ? [] : [[key.replace('decoder.', ''), tensor] as const],
      ),
    );
    loadStateDict(target, whole);
    expectSameBits(await toStateDict(target), whole);
    disposeAll(target);
  });

  it('train with the layers', async () => {
    const target = targetOf();
    loadStateDict(target, file());
    const loss = () =>
      (target['decoder.fc'].apply(tf.reshape(target.start, [1, 2])) as tf.Tensor)
        .mul(target['decoder.scale'])
        .sum()
        .asScalar();
    const optimizer = tf.train.sgd(0.5);
    optimizer.minimize(loss);
    // The gradient of `start` is scale * the sum of the weight's rows, that of `scale` the sum of W start + b.
    expect([...(await target.start.data())]).to.deep.equal([3 - 0.25 * 9, 4 - 0.25 * 12]);
    expect([...(await target['decoder.scale'].data())]).to.deep.equal([0.5 - 0.5 * (11 + 25 + 39 + 24)]);
    optimizer.dispose();
    disposeAll(target);
  });

  it('are strict: a name that is missing or spelt otherwise, and another shape, fail and change nothing', async () => {
    const target = targetOf();
    const tensors = tf.memory().numTensors;
    const wrong = file();
    wrong.delete('start');
    expect(faultOf(target, wrong.set('strat', f32([2])).set('decoder.scale', f32([1])))).to.equal(
      'Error(s) in loading state_dict for "start", "decoder.fc", "decoder.scale":' +
        '\n\tMissing key(s) in state_dict: "start". ' +
        '\n\tUnexpected key(s) in state_dict: "strat". ' +
        '\n\tsize mismatch for decoder.scale: copying a param with shape [1] from checkpoint, the shape in current model is [].' +
        '\n\tHint: No path names these parameters, and no layer is known for their modules: "strat" [2]. Give each a variable, ' +
        '{ ...layers, "strat": tf.variable(tf.zeros([2])) }. Only where the forward here needs none of them, strict: false ' +
        'leaves them out.' +
        '\n\tHint: "start" is missing, but there is "strat".',
    );
    expect(target['decoder.fc'].built).to.equal(false);
    expect(tf.memory().numTensors).to.equal(tensors);
    expect([...(await target.start.data())]).to.deep.equal([0, 0]);
    disposeAll(target);
  });

  it('stay whole where a layer fails to take its values', async () => {
    const target = targetOf();
    const complex = { dtype: 'C64', shape: [3], data: new Float32Array(6) } as const;
    expect(() => loadStateDict(target, file().set('decoder.fc.bias', complex))).to.throw(/C64/);
    expect([...(await target.start.data())]).to.deep.equal([0, 0]);
    disposeAll(target);
  });

  it('are not the class of a module around them', () => {
    const target = { ...targetOf(), 'decoder.rnn': gru({ hiddenSize: 1 }) };
    const message = faultOf(target, file());
    expect(message).to.not.contain('torch.nn.Parameter');
    disposeAll(target);
  });

  it('are refused without a name, of another dtype, disposed, and alone; a tensor is told apart', async () => {
    const [variable, ints, gone] = [zeros([2]), zeros([2], 'int32'), zeros([2])];
    gone.dispose();
    const tensor = tf.zeros([2]);
    const cases: [unknown, typeof Error, string][] = [
      [
        { '': variable },
        RangeError,
        'layers[""]: expected a tf.layers layer or model, got a tf.Variable. The whole name',
      ],
      [{ v: ints }, TypeError, 'layers["v"]: expected a variable of dtype float32, got int32'],
      [{ v: gone }, TypeError, 'layers["v"]: expected a variable of dtype float32, got one that is disposed'],
      [variable, TypeError, "got Variable. Give it by its whole name, { 'decoder.v': variable }"],
      [{ v: tensor }, TypeError, 'or a tf.Variable, got Tensor. tf.variable makes one of a tensor'],
    ];
    for (const [target, type, text] of cases) {
      expect(() => loadStateDict(target as never, file())).to.throw(type, text);
      const error = await toStateDict(target as never).catch((reason: Error) => reason);
      expect(error).to.be.instanceOf(type).and.have.property('message').that.includes(text);
    }
    tf.dispose([variable, ints, tensor]);
  });
});
