import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from 'tfjs-torch-rnn';
import { fileHandler } from '../../examples/node-fs-handler.js';

const WEIGHTS = /^weights-[0-9a-f]{16}\.bin$/;

function makeModel(): tf.LayersModel {
  return tf.sequential({
    layers: [
      gru({
        inputShape: [null, 3],
        hiddenSize: 5,
        numLayers: 2,
        bidirectional: true,
        returnSequences: false,
      }),
      tf.layers.dense({ units: 2 }),
    ],
  });
}

function predict(model: tf.LayersModel): Float32Array {
  return tf.tidy(() => {
    const x = tf.linspace(-1, 1, 2 * 7 * 3).reshape([2, 7, 3]);
    return (model.predict(x) as tf.Tensor).dataSync<'float32'>();
  });
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a rejection');
}

describe('examples/node-fs-handler', () => {
  let folder: string;
  let models: tf.LayersModel[];

  before(() => tf.setBackend('cpu'));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fs-handler-'));
    models = [makeModel(), makeModel()];
  });
  afterEach(async () => {
    for (const model of models) model.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function loadedPrediction(): Promise<Float32Array> {
    const model = await tf.loadLayersModel(fileHandler(folder));
    const values = predict(model);
    model.dispose();
    return values;
  }

  it('loads a model that computes what the saved one computes', async () => {
    await models[0]!.save(fileHandler(folder));
    expect(await loadedPrediction()).to.deep.equal(predict(models[0]!));
  });

  it('makes the folder it is given', async () => {
    folder = join(folder, 'a', 'b');
    await models[0]!.save(fileHandler(folder));
    expect(await loadedPrediction()).to.deep.equal(predict(models[0]!));
  });

  it('keeps the metadata of the model', async () => {
    models[0]!.setUserDefinedMetadata({ origin: 'spec' });
    await models[0]!.save(fileHandler(folder));
    const { userDefinedMetadata } = await fileHandler(folder).load!();
    expect(userDefinedMetadata).to.deep.equal({ origin: 'spec' });
  });

  it('replaces an earlier model and removes its weights', async () => {
    await models[0]!.save(fileHandler(folder));
    await models[1]!.save(fileHandler(folder));
    expect(predict(models[0]!)).not.to.deep.equal(predict(models[1]!));
    expect(await loadedPrediction()).to.deep.equal(predict(models[1]!));
    const names = await readdir(folder);
    expect(names.filter((name) => WEIGHTS.test(name))).to.have.length(1);
    expect(names).to.have.length(2);
  });

  it('saves the same model twice', async () => {
    await models[0]!.save(fileHandler(folder));
    await models[0]!.save(fileHandler(folder));
    expect(await loadedPrediction()).to.deep.equal(predict(models[0]!));
  });

  it('leaves files of others alone', async () => {
    await writeFile(join(folder, 'notes.bin'), 'mine');
    await models[0]!.save(fileHandler(folder));
    expect(await readFile(join(folder, 'notes.bin'), 'utf8')).to.equal('mine');
  });

  it('keeps the earlier model when the new one cannot be written as JSON', async () => {
    await models[0]!.save(fileHandler(folder));
    const before = await readdir(folder);
    const artifacts = await artifactsOf(models[1]!);
    const circular: Record<string, object> = {};
    circular.self = circular;
    const error = await errorOf(
      Promise.resolve(fileHandler(folder).save!({ ...artifacts, userDefinedMetadata: circular })),
    );
    expect(error.message).to.include('circular');
    expect(await readdir(folder)).to.deep.equal(before);
    expect(await loadedPrediction()).to.deep.equal(predict(models[0]!));
  });

  it('leaves neither weights nor temporary files when model.json cannot be put in place', async () => {
    await mkdir(join(folder, 'model.json'));
    const error = await errorOf(models[0]!.save(fileHandler(folder)));
    expect(error).to.have.property('syscall', 'rename');
    expect(await readdir(folder)).to.deep.equal(['model.json']);
  });

  it('rejects a folder without a model with the name of the missing file', async () => {
    const error = await errorOf(tf.loadLayersModel(fileHandler(folder)));
    expect(error.message).to.include(join(folder, 'model.json'));
  });
});

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  return artifacts!;
}
