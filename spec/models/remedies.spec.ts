// What a load advises about convolutions and norms, followed: the layer it names computes what PyTorch does.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { conv1d, conv2d, convTranspose2d, instanceNorm1d, loadStateDict } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { type ModuleFixture, moduleFixtures } from '../support/fixtures.js';
import { expectForward } from '../support/parity.js';
import { f32, inputOf, toTorchOrder } from './torch-modules.js';

const fixtureOf = (name: string) => moduleFixtures().get(name) as ModuleFixture;

/** Loads the module into the layer, and compares the output. */
function expectParity(layer: tf.layers.Layer, fixture: ModuleFixture): void {
  loadStateDict(layer, fixture.stateDict);
  tf.tidy(() => {
    const output = layer.apply(inputOf(fixture)) as tf.Tensor;
    expectForward(toTorchOrder(fixture.module, output), fixture.output, 'output');
  });
  layer.dispose();
}

function warningsOf(layer: tf.layers.Layer, stateDict: ModuleFixture['stateDict']): readonly string[] {
  let warnings: readonly string[] = [];
  loadStateDict(layer, stateDict, { onWarnings: (told) => (warnings = told) });
  layer.dispose();
  return warnings;
}

describeEachBackend('advice about convolutions', () => {
  it("warns of padding 'same' with strides above 1, and conv1d with torch's numbers is right", () => {
    const fixture = fixtureOf('Conv1d-padding');
    const args = { name: 'conv', filters: 5, kernelSize: 3, strides: 2 };
    expect(warningsOf(tf.layers.conv1d({ ...args, padding: 'same' }), fixture.stateDict)).to.deep.equal([
      "layer \"conv\": padding 'same' with strides above 1 pads on other sides than torch's padding in numbers. " +
        "Use conv1d({ stride, padding }) of this package with the module's numbers.",
    ]);
    expect(warningsOf(tf.layers.conv1d(args), fixture.stateDict)).to.deep.equal([]);
    expectParity(conv1d({ outChannels: 5, kernelSize: 3, stride: 2, padding: 1, dilation: 2 }), fixture);
  });

  it("warns of padding 'same' with strides above 1 of images, depthwise ones too", () => {
    const fixture = fixtureOf('Conv2d-padding');
    const args = { filters: 5, kernelSize: [3, 2], strides: [2, 1], padding: 'same' } as const;
    const [warning] = warningsOf(tf.layers.conv2d(args as never), fixture.stateDict);
    expect(warning).to.include('Use conv2d({ stride, padding }) of this package');
    expectParity(conv2d({ outChannels: 5, kernelSize: [3, 2], stride: [2, 1], padding: [1, 2] }), fixture);
    const depthwise = tf.layers.depthwiseConv2d({
      kernelSize: [3, 2],
      depthMultiplier: 2,
      strides: 2,
      padding: 'same',
    } as never);
    expect(warningsOf(depthwise, fixtureOf('Conv2d-depthwise').stateDict)).to.have.length(1);
  });

  it('names the groups of a module, and conv1d with them is right', () => {
    const fixture = fixtureOf('Conv1d-groups');
    const layer = tf.layers.conv1d({ filters: 6, kernelSize: 3, inputShape: [7, 4] });
    const remedy =
      'These are the shapes of groups=2, which tf.layers.conv1d does not have: use conv1d({ groups: 2 }) of this package.';
    expect(() => loadStateDict(layer, fixture.stateDict)).to.throw(StateDictError, remedy);
    const own = conv1d({ outChannels: 6, kernelSize: 3, inputShape: [7, 4] });
    expect(() => loadStateDict(own, fixture.stateDict)).to.throw(
      StateDictError,
      'These are the shapes of groups=2: pass groups: 2.',
    );
    expectParity(conv1d({ outChannels: 6, kernelSize: 3, padding: 'same', groups: 2 }), fixture);
  });

  it('has no word about groups where another kernel or number of channels is in the file', () => {
    const layer = tf.layers.conv1d({ filters: 6, kernelSize: 3, useBias: false, inputShape: [7, 4] });
    for (const shape of [
      [6, 2, 5],
      [5, 2, 3],
      [6, 3, 3],
    ])
      expect(() => loadStateDict(layer, new Map([['weight', f32(shape)]])))
        .to.throw(StateDictError)
        .with.property('message')
        .that.does.not.include('groups');
  });

  it('warns where the padding of tf.layers.conv2dTranspose is no padding of torch, and convTranspose2d is right', () => {
    const weights = new Map([
      ['weight', f32([3, 5, 3, 3])],
      ['bias', f32([5])],
    ]);
    const args = { name: 'up', filters: 5, kernelSize: 3 };
    const warned = (more: object) =>
      warningsOf(tf.layers.conv2dTranspose({ ...args, ...more } as never), weights).length;
    expect([
      warned({}),
      warned({ strides: 2 }),
      warned({ padding: 'same' }),
      warned({ padding: 'same', strides: 2 }),
      warned({ padding: 'same', strides: 3 }),
      warned({ strides: 4 }),
    ]).to.deep.equal([0, 0, 0, 1, 0, 1]);
    const fixture = fixtureOf('ConvTranspose2d');
    expectParity(
      convTranspose2d({ outChannels: 5, kernelSize: [2, 3], stride: [2, 1], padding: [0, 1] }),
      fixture,
    );
  });

  it('names the arguments that switch weights and statistics', () => {
    const names = ['weight', 'bias', 'running_mean', 'running_var'];
    const vectors = (count: number) => new Map(names.slice(0, count).map((name) => [name, f32([4])]));
    expect(() => loadStateDict(instanceNorm1d({ name: 'norm' }), vectors(4))).to.throw(
      /Pass affine: true to layer "norm"[\s\S]*Pass trackRunningStats: true to layer "norm"/,
    );
    const norm = instanceNorm1d({ affine: true, trackRunningStats: true });
    expect(loadStateDict(norm, vectors(4)).loaded).to.have.length(4);
    norm.dispose();
  });
});
