import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { expectSameBits, f32 } from './torch-modules.js';

const MAP = { embedding: ['embedding', 'fc'] };

const tied = (): StateDict =>
  new Map([
    ['embedding.weight', f32([4, 3])],
    ['fc.weight', f32([4, 3])],
  ]);

function modelOf(): tf.Sequential {
  const embedding = tf.layers.embedding({ name: 'embedding', inputDim: 4, outputDim: 3, inputShape: [null] });
  return tf.sequential({ layers: [embedding] });
}

describeEachBackend('tied weights', () => {
  it('are read from and written under every module path of a list in map', async () => {
    const model = modelOf();
    const { loaded, missing, unexpected } = loadStateDict(model, tied(), { map: MAP });
    expect({ loaded, missing, unexpected }).to.deep.equal({
      loaded: ['embedding.weight', 'fc.weight'],
      missing: [],
      unexpected: [],
    });
    expectSameBits(await toStateDict(model, { map: MAP }), tied());
    model.dispose();
  });

  it('must be there under each of the paths: what is written is what was read', async () => {
    for (const [absent, other] of [
      ['embedding', 'fc'],
      ['fc', 'embedding'],
    ] as const) {
      const model = modelOf();
      const file = tied();
      file.delete(`${absent}.weight`);
      expect(() => loadStateDict(model, file, { map: MAP })).to.throw(
        StateDictError,
        `Missing key(s) in state_dict: "${absent}.weight". \n\tHint: "${absent}.weight" is missing, and the file has the weight ` +
          `as "${other}.weight": where it has one name, leave "${absent}" out of the list in map.`,
      );
      const map = { embedding: [other] };
      expect(loadStateDict(model, file, { map }).loaded).to.deep.equal([...file.keys()]);
      expectSameBits(await toStateDict(model, { map }), file);
      model.dispose();
    }
  });

  it('throw and change nothing where the values under two paths differ', async () => {
    const model = modelOf();
    const before = (await model.getWeights()[0].data()).slice();
    const file = tied().set('fc.weight', f32([4, 3], [...f32([4, 3]).data].reverse() as number[]));
    for (const strict of [true, false])
      try {
        loadStateDict(model, file, { map: MAP, strict });
        expect.fail('the load did not fail');
      } catch (error) {
        expect(error).to.be.instanceOf(StateDictError);
        expect((error as StateDictError).message).to.equal(
          'Error(s) in loading state_dict for Sequential:' +
            '\n\t"embedding.weight" and "fc.weight" are for one weight, but their values differ.',
        );
        expect((error as StateDictError).mismatched).to.deep.equal(['embedding.weight', 'fc.weight']);
      }
    expect(await model.getWeights()[0].data()).to.deep.equal(before);
    model.dispose();
  });

  it('may be mapped by a function, of a single layer and of a nested model', async () => {
    const layer = tf.layers.embedding({ name: 'tokens', inputDim: 4, outputDim: 3 });
    loadStateDict(layer, tied(), { map: () => ['embedding', 'fc'] });
    expectSameBits(await toStateDict(layer, { map: { tokens: ['embedding', 'fc'] } }), tied());
    layer.dispose();
    const inner = tf.sequential({
      name: 'inner',
      layers: [tf.layers.dense({ name: 'fc', units: 2, inputShape: [3], useBias: false })],
    });
    const model = tf.sequential({ layers: [inner] });
    const stateDict = await toStateDict(model, { map: { inner: ['a', 'b'] } });
    expect([...stateDict.keys()]).to.deep.equal(['a.fc.weight', 'b.fc.weight']);
    loadStateDict(model, stateDict, { map: { inner: ['a', 'b'] } });
    model.dispose();
  });

  it('refuse an empty list, and entries that are not paths', () => {
    const model = modelOf();
    const load = (paths: unknown) => () =>
      loadStateDict(model, tied(), { map: { embedding: paths } as never });
    expect(load([])).to.throw(
      RangeError,
      'loadStateDict: map["embedding"]: expected a module path, or several, got []',
    );
    expect(load(['embedding', 3])).to.throw(
      TypeError,
      'loadStateDict: map["embedding"][1]: expected a module path, got 3',
    );
    expect(load(['embedding', 'fc.'])).to.throw(
      RangeError,
      'loadStateDict: map["embedding"][1]: expected a module path without a dot at its end',
    );
    model.dispose();
  });
});
