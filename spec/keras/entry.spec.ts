import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import * as keras from '../../src/keras/index.js';

const SETUP = `
  import * as tf from '@tensorflow/tfjs';
  import { handlerOf, inputTensors, kerasFixture } from './spec/keras/fixtures.ts';
  import { reloaded } from './spec/support/save.ts';
  await tf.setBackend('cpu');
  const fixture = kerasFixture('2', 'sequential');
  const predict = (model) => Array.from(model.predict(inputTensors(fixture.calls[0])).dataSync());`;

/** What a module logs as JSON in a process of its own: tfjs has one table of classes for a whole process. */
function logged(source: string): unknown {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', SETUP + source];
  const cwd = new URL('../..', import.meta.url);
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  expect(status, stderr).to.equal(0);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

describe('tfjs-torch-rnn/keras', () => {
  it('exports this and no more', () => {
    expect(Object.keys(keras)).to.deep.equal(['loadKerasModel']);
  });

  it('lets tf.loadLayersModel load what a Keras model was saved as; the root entry alone does not', () => {
    const [without, same] = logged(`
      await import('./src/index.ts');
      const map = tf.serialization.SerializationMap.getMap().classNameMap;
      const isKnown = 'TorchKerasGRU' in map;
      const { loadKerasModel } = await import('./src/keras/index.ts');
      const model = await loadKerasModel(handlerOf(fixture));
      const again = predict(await reloaded(model));
      const same = JSON.stringify(again) === JSON.stringify(predict(model)) && again.length > 0;
      const { TorchKerasGRU } = map;
      delete map.TorchKerasGRU;
      const refused = await reloaded(model).then(() => 'loaded', (error) => error.message);
      console.log(JSON.stringify([isKnown ? 'known' : refused, same]));`) as [string, boolean];
    expect(without).to.match(/^Unknown layer: TorchKerasGRU\. /);
    expect(same).to.equal(true);
  });

  it('brings the kernels with it', () => {
    const [run, hasEmbeddingGradient] = logged(`
      const { loadKerasModel } = await import('./src/keras/index.ts');
      predict(await loadKerasModel(handlerOf(fixture)));
      const { describeKernels } = await import('./src/ops/describe-kernels.ts');
      const { lastRun } = describeKernels().find(({ backend }) => backend === 'cpu');
      console.log(JSON.stringify([lastRun, tf.getKernel('UnsortedSegmentSum', 'wasm') != null]));`) as [
      string,
      boolean,
    ];
    expect(run).to.equal('fused');
    expect(hasEmbeddingGradient).to.equal(true);
  });
});
