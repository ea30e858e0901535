import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadKerasModel } from '../../src/keras/index.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';
import { disposeModel, handlerOf, inputTensors, type KerasCall, kerasFixture } from './fixtures.js';

async function saved(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (found) => {
      artifacts = found;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(found) };
    }),
  );
  // As it is read from a file.
  return { ...artifacts, modelTopology: JSON.parse(JSON.stringify(artifacts.modelTopology)) };
}

/** The outputs of all calls in order. */
async function results(model: tf.LayersModel, calls: readonly KerasCall[]): Promise<number[]> {
  const found: number[] = [];
  await tidied(async () => {
    for (const call of calls) {
      const output = model.predict(inputTensors(call), { batchSize: call.inputs[0].shape[0] });
      for (const tensor of [output].flat()) found.push(...(await tensor.data()));
    }
  });
  return found;
}

describeEachBackend('saving a Keras model', () => {
  for (const name of [
    ...['merges', 'states', 'nested', 'mixed', 'per-frame', 'stateful'],
    ...['masked-tfjs', 'masked-states', 'lost-masks', 'kept-masks', 'merged-masks'],
  ])
    it(`and loading it computes the same, by tf.loadLayersModel and by loadKerasModel: ${name}`, async () => {
      const fixture = kerasFixture('3', name);
      const model = await loadKerasModel(handlerOf(fixture));
      const expected = await results(model, fixture.calls);
      const artifacts = await saved(model);
      for (const load of [tf.loadLayersModel, loadKerasModel]) {
        const again = await load(tf.io.fromMemory(artifacts));
        expect(await results(again, fixture.calls)).to.deep.equal(expected);
        again.resetStates();
        disposeModel(again);
      }
      model.resetStates();
      disposeModel(model);
    });

  it("keeps the user's metadata and the frozen layers", async () => {
    const model = await loadKerasModel(handlerOf(kerasFixture('2', 'mixed')));
    model.setUserDefinedMetadata({ labels: ['a', 'b'] });
    const again = await loadKerasModel(await saved(model));
    expect(again.getUserDefinedMetadata()).to.deep.equal({ labels: ['a', 'b'] });
    expect(again.getLayer('frozen').trainable).to.equal(false);
    disposeModel(again);
    disposeModel(model);
  });
});
