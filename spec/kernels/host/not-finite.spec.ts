import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { Implementation } from '../../../src/ops/implementation.js';
import { describeEachLayer, EVERY_LAYER, forward, RELU_RNN, type Variant } from '../../support/family.js';

const [BATCH, STEPS, INPUT, HIDDEN] = [3, 4, 3, 5];

/** A value somewhere in what a call reads; weights are those of the first layer, forward direction. */
interface Poison {
  readonly value: number;
  readonly where: 'x' | 'h0' | 'c0' | 'weight_ih' | 'weight_hh' | 'weight_hr' | 'bias_ih' | 'bias_hh';
  readonly place: number;
}

function poisoned(tensor: tf.Tensor, { value, place }: Poison): tf.Tensor {
  const values = tensor.dataSync().slice();
  values[place % values.length] = value;
  return tf.tensor(values, tensor.shape);
}

/**
 * Whether a result is to be as in the reference. torch's relu passes the gradient of a NaN on, as the engine does; tfjs's
 * makes a NaN of it.
 */
const isAsInReference = (variant: Variant, name: string) =>
  variant !== RELU_RNN || !name.startsWith('gradient');

/** NaN, +, - or a dot for each element, by result: outputs, states, gradients. */
function marks(variant: Variant, implementation: Implementation, poison: Poison): Record<string, string> {
  const layer = variant.make({
    hiddenSize: HIDDEN,
    numLayers: 2,
    bidirectional: true,
    seed: 2,
    implementation,
  });
  layer.ensureBuilt(INPUT);
  const found: Record<string, string> = {};
  const note = (name: string, tensor: tf.Tensor) => {
    const mark = (value: number) =>
      Number.isNaN(value) ? 'N' : Number.isFinite(value) ? '.' : value > 0 ? '+' : '-';
    found[name] = Array.from(tensor.dataSync(), mark).join('');
  };
  tf.tidy(() => {
    const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
    const clean = new Map([['x', normal([BATCH, STEPS, INPUT], 1)]]);
    for (const [i, size] of variant.stateSizes(HIDDEN).entries())
      clean.set(variant.stateNames[i]!, normal([4, BATCH, size], 2 + i));
    const variables = new Map<string, tf.Variable>();
    for (const [name, tensor] of clean)
      variables.set(name, tf.variable(name === poison.where ? poisoned(tensor, poison) : tensor));
    for (const weight of layer.weights) {
      const variable = weight.read() as tf.Variable;
      const name = weight.originalName.split('/')[1]!;
      if (name === `${poison.where}_l0`) variable.assign(poisoned(variable, poison));
      variables.set(name, variable);
    }
    const states = variant.stateNames.map((name) => variables.get(name)!);
    const run = () => forward(layer, variables.get('x')!, { states });
    const { output, states: finals } = run();
    note('output', output);
    for (const [i, state] of finals.entries()) note(`final state ${i}`, state);
    const loss = () => tf.sum(tf.mul(run().output, normal(output.shape, 9))) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, [...variables.values()]);
    for (const [name, variable] of variables) note(`gradient of ${name}`, grads[variable.name]!);
    for (const name of clean.keys()) variables.get(name)!.dispose();
  });
  layer.dispose();
  return found;
}

describeEachLayer('what is not finite', EVERY_LAYER, (variant) => {
  it('comes through where it does in the reference, forward and backward', () => {
    const weights = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'] as const;
    const hasProjection = variant.title.includes('projSize');
    const places = ['x', ...(variant.stateNames as ('h0' | 'c0')[]), ...weights] as const;
    for (const where of hasProjection ? [...places, 'weight_hr' as const] : places)
      for (const value of [Number.NaN, Infinity, -Infinity])
        for (const place of [0, 4, 8]) {
          const poison = { where, value, place };
          const [fused, reference] = (['fused', 'reference'] as const).map((implementation) =>
            Object.entries(marks(variant, implementation, poison)).filter(([name]) =>
              isAsInReference(variant, name),
            ),
          );
          expect(fused, `${value} in ${where}`).to.deep.equal(reference);
        }
  });

  it('is not read from padded steps, forward or backward', () => {
    const layer = variant.make({ hiddenSize: HIDDEN, bidirectional: true, implementation: 'fused' });
    tf.tidy(() => {
      const lengths = [4, 2, 1];
      const padded = Array.from({ length: BATCH * STEPS * INPUT }, (_, i) => {
        const [b, t] = [Math.floor(i / STEPS / INPUT), Math.floor(i / INPUT) % STEPS];
        return t < lengths[b]! ? Math.sin(i) : [Number.NaN, Infinity, -Infinity][i % 3]!;
      });
      const x = tf.tensor3d(padded, [BATCH, STEPS, INPUT]);
      const { output, states } = forward(layer, x, { lengths });
      const gradient = tf.grad((y) => tf.sum(forward(layer, y, { lengths }).output))(x);
      for (const tensor of [output, ...states, gradient])
        expect([...tensor.dataSync()].every(Number.isFinite)).to.equal(true);
    });
    layer.dispose();
  });
});
