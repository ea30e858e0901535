/** Layers whose backend changes, is removed, or loses its device: right numbers, and nothing is left behind. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { setThreads } from '../../src/index.js';
import { host } from '../../src/kernels/host/host.js';
import { describeEachBackend } from '../support/backends.js';
import { type LayerFixture, layerFixture } from '../support/fixtures.js';
import { expectGradients, gradientsOf, lossOf, withVariables } from '../support/gradients.js';
import { expectedResults, expectForward, type Subject, subjectOf } from '../support/parity.js';

const FIXTURES = [layerFixture('GRU', 'lengths'), layerFixture('LSTM', 'plain')];

/** What is held in all: tensors, their data, and floats of the engine. */
function held(): number[] {
  const { numTensors, numDataBuffers } = tf.memory();
  return [numTensors, numDataBuffers, host.floatsInUse];
}

/** torch's results and gradients on the active backend. */
async function expectRight(fixture: LayerFixture, { layer, compute }: Subject): Promise<void> {
  await withVariables(fixture, layer, async (variables) => {
    const results = compute(variables);
    for (const [name, expected] of expectedResults(fixture))
      await expectForward(results[name]!, expected, name);
    const loss = () => lossOf(compute(variables), fixture, 'output');
    await expectGradients(gradientsOf(loss, variables), fixture.gradients.output!);
  });
}

/** Weights on a GPU can move to another backend once they have been read; WebGPU reads nothing at once. */
async function activate(backend: string, ...subjects: readonly Subject[]): Promise<void> {
  for (const { layer } of subjects) for (const weight of layer.getWeights()) await weight.data();
  await tf.setBackend(backend);
}

describeEachBackend('a change of the backend', (backend) => {
  const other = backend === 'cpu' ? 'wasm' : 'cpu';
  // The stack of a worker that starts meanwhile would be counted.
  beforeEach(() => setThreads(1));
  afterEach(() => tf.setBackend(backend));

  for (const fixture of FIXTURES) {
    const { module } = fixture;

    it(`and back, twice, within the life of one layer: ${module}`, async () => {
      const before = held();
      const subject = subjectOf(fixture);
      const used: number[][] = [];
      for (const active of [backend, other, backend, other]) {
        await activate(active, subject);
        await expectRight(fixture, subject);
        used.push(held());
      }
      // Once both have made what they keep, nothing is added.
      expect(used[3]).to.deep.equal(used[1]);
      await activate(backend, subject);
      subject.layer.dispose();
      expect(held()).to.deep.equal(before);
    });

    it(`from call to call, each of two layers on a backend of its own: ${module}`, async () => {
      const before = held();
      const subjects = new Map<string, Subject>();
      for (const active of [backend, other]) {
        await tf.setBackend(active);
        subjects.set(active, subjectOf(fixture));
      }
      for (const active of [backend, other, backend, other]) {
        await tf.setBackend(active);
        await expectRight(fixture, subjects.get(active)!);
      }
      for (const { layer } of subjects.values()) layer.dispose();
      expect(held()).to.deep.equal(before);
    });
  }
});

/** Takes the device from the active backend, as a driver may. */
const LOSSES: Readonly<Record<string, (backend: tf.KernelBackend) => Promise<unknown>>> = {
  webgl: (backend) => {
    const { gl } = (backend as unknown as { gpgpu: { gl: WebGL2RenderingContext } }).gpgpu;
    const lost = new Promise((resolve) => gl.canvas.addEventListener('webglcontextlost', resolve));
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return lost;
  },
  webgpu: (backend) => {
    const { device } = backend as unknown as { device: GPUDevice };
    device.destroy();
    return device.lost;
  },
};

/** What a page does whose backend is of no use any more. */
async function replace(backend: string): Promise<void> {
  const factory = tf.findBackendFactory(backend);
  tf.removeBackend(backend);
  tf.registerBackend(backend, factory);
  if (!(await tf.setBackend(backend))) throw new Error(`${backend} does not start again`);
}

describeEachBackend('a backend that is removed', (backend) => {
  // tfjs-node registers its backend with its addon, once.
  if (backend === 'tensorflow') return;

  for (const [what, lose] of [
    ['', undefined],
    [' after it has lost its device', LOSSES[backend]],
  ] as const) {
    if (what !== '' && lose === undefined) continue;

    it(`and registered again${what} runs layers that are made then, and those before leave nothing behind`, async () => {
      const [fixture] = FIXTURES as [LayerFixture];
      const floats = host.floatsInUse;
      const lost = subjectOf(fixture);
      await expectRight(fixture, lost);
      await lose?.(tf.backend());
      lost.layer.dispose();
      await replace(backend);
      const made = subjectOf(fixture);
      await expectRight(fixture, made);
      made.layer.dispose();
      expect(host.floatsInUse).to.equal(floats);
    });
  }
});
