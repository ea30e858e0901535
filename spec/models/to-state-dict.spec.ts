import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/errors.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { modelFixture, moduleFixtures } from '../support/fixtures.js';
import { UNHEARD } from '../support/unheard.js';
import { below, expectSameBits, f32, makersFor } from './torch-modules.js';

/** What a freshly made module has where the layer keeps no counter. */
function withFreshCounters(stateDict: StateDict): StateDict {
  const fresh = { dtype: 'I64', shape: [], data: new BigInt64Array(1) } as const;
  return new Map([...stateDict].map(([key, t]) => [key, key.endsWith('num_batches_tracked') ? fresh : t]));
}

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the promise was not rejected');
}

describeEachBackend('toStateDict after loadStateDict', () => {
  for (const [name, fixture] of moduleFixtures())
    for (const [kind, make] of makersFor(fixture))
      it(`gives the state_dict of ${name} back bit for bit, in torch's order ${kind}`, async () => {
        const layer = make();
        loadStateDict(layer, fixture.stateDict, UNHEARD);
        expectSameBits(await toStateDict(layer), withFreshCounters(fixture.stateDict));
        layer.dispose();
      });
});

describe('toStateDict', () => {
  before(() => tf.setBackend('cpu'));

  const dense = (name: string, args: object = {}) =>
    tf.layers.dense({ name, units: 3, inputShape: [3], ...args });
  const modelOf = (...layers: tf.layers.Layer[]) => tf.sequential({ layers });

  it('names modules after the layers of nested models, with a prefix in front', async () => {
    const inner = tf.sequential({ name: 'inner', layers: [dense('fc')] });
    const model = modelOf(inner, dense('head', { useBias: false }));
    const keys = [...(await toStateDict(model, { prefix: 'net' })).keys()];
    expect(keys).to.deep.equal(['net.inner.fc.weight', 'net.inner.fc.bias', 'net.head.weight']);
    model.dispose();
  });

  it('renames modules as the map of loadStateDict does', async () => {
    const { modules, stateDict } = modelFixture();
    const map = { fc: modules.fc };
    const fc = new Map([...stateDict].filter(([key]) => key.startsWith(`${modules.fc}.`)));
    const units = stateDict.get(`${modules.fc}.bias`)?.shape[0] as number;
    const layer = tf.layers.dense({ name: 'fc', units });
    loadStateDict(layer, fc, { map });
    expectSameBits(await toStateDict(layer, { map }), fc);
    layer.dispose();
  });

  it('lists a shared layer under each of its names', async () => {
    const shared = dense('shared');
    const one = tf.sequential({ name: 'one', layers: [shared] });
    const input = tf.input({ shape: [3] });
    const model = tf.model({ inputs: input, outputs: shared.apply(one.apply(input)) as tf.SymbolicTensor });
    const stateDict = await toStateDict(model);
    expect([...stateDict.keys()]).to.have.members(
      ['one.shared', 'shared'].flatMap((path) => [`${path}.weight`, `${path}.bias`]),
    );
    expect(stateDict.get('shared.weight')).to.deep.equal(stateDict.get('one.shared.weight'));
    tf.dispose(shared.weights.map((weight) => weight.read()));
  });

  it('reads the weights as they were at the call, though training goes on', async () => {
    const layer = tf.layers.dense({ units: 3, useBias: false });
    const first = new Map([['weight', f32([3, 2])]]);
    loadStateDict(layer, first);
    const exported = toStateDict(layer);
    loadStateDict(layer, new Map([['weight', f32([3, 2], [1, 2, 3, 4, 5, 6])]]));
    expectSameBits(await exported, first);
    layer.dispose();
  });

  it('serves two calls at once, and a call inside a tidy, without a tensor left', async () => {
    const model = modelOf(dense('a'), dense('b'));
    const tensors = tf.memory().numTensors;
    let third: Promise<StateDict> | undefined;
    const calls = [toStateDict(model), toStateDict(model)];
    tf.tidy(() => {
      third = toStateDict(model);
    });
    const [one, two, three] = await Promise.all([...calls, third as Promise<StateDict>]);
    expectSameBits(two, one);
    expectSameBits(three, one);
    expect(tf.memory().numTensors).to.equal(tensors);
    model.dispose();
  });

  it('gives the one value per channel of a PReLU that was copied along other axes', async () => {
    const layer = tf.layers.prelu({ inputShape: [4, 3] } as object);
    const stateDict = new Map([['weight', f32([3])]]);
    loadStateDict(layer, stateDict, UNHEARD);
    expectSameBits(await toStateDict(layer), stateDict);
    layer.dispose();
  });

  it('rejects with UnsupportedError for a PReLU whose values no torch.nn.PReLU holds', async () => {
    const layer = tf.layers.prelu({ name: 'act', inputShape: [2, 3] } as object);
    loadStateDict(layer, new Map([['weight', f32([1])]]), UNHEARD);
    tf.tidy(() => layer.setWeights([tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3])]));
    const tensors = tf.memory().numTensors;
    const error = await rejectionOf(toStateDict(layer));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'toStateDict: layer "act": expected a weight that torch.nn.PReLU can hold as "weight", got alpha of shape [2, 3] ' +
        'with values that differ along every axis. Share all axes but the last with sharedAxes',
    );
    expect(tf.memory().numTensors).to.equal(tensors);
    layer.dispose();
  });

  it('rejects with UnsupportedError for a layer that is not built', async () => {
    const error = await rejectionOf(toStateDict(tf.layers.dense({ name: 'fc', units: 3 })));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'toStateDict: layer "fc": expected a built layer, got an unbuilt one. ' +
        'Call it on an input once, or load a state_dict into it',
    );
  });

  it('rejects with RangeError where a map gives two layers the same key', async () => {
    const model = modelOf(dense('a'), dense('b'));
    const error = await rejectionOf(toStateDict(model, { map: { b: 'a' } }));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal(
      'toStateDict: "a.weight": expected one layer, got "a" and "b". Give the module one layer, which may stand in several ' +
        'places, or load the other in a call of its own',
    );
    model.dispose();
  });

  it('rejects with TypeError for an unknown option', async () => {
    const error = await rejectionOf(toStateDict(dense('fc'), { strict: true } as object));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      'toStateDict: strict: expected one of prefix, map, got unknown option "strict". It belongs to loadStateDict',
    );
  });

  it('gives arrays of its own', async () => {
    const layer = tf.layers.dense({ units: 3 });
    loadStateDict(
      layer,
      below(
        'x',
        new Map([
          ['weight', f32([3, 2])],
          ['bias', f32([3])],
        ]),
      ),
      { prefix: 'x' },
    );
    (await toStateDict(layer)).get('bias')?.data.fill(0 as never);
    expect([...(await (layer.getWeights()[1] as tf.Tensor).data())]).to.deep.equal([
      ...(f32([3]).data as Float32Array),
    ]);
    layer.dispose();
  });
});
