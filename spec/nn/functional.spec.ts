import * as tf from '@tensorflow/tfjs';
import { convTranspose1d } from '../../src/nn/conv/conv-transpose1d.js';
import { convTranspose2d } from '../../src/nn/conv/conv-transpose2d.js';
import { conv1d } from '../../src/nn/conv/conv1d.js';
import { conv2d } from '../../src/nn/conv/conv2d.js';
import type { DataFormat } from '../../src/nn/data-format.js';
import { batchNorm, batchNormInTraining } from '../../src/nn/norm/batch-norm.js';
import { groupNorm } from '../../src/nn/norm/group-norm.js';
import { instanceNorm } from '../../src/nn/norm/instance-norm.js';
import { describeEachBackend } from '../support/backends.js';
import { type FloatTensor, type FunctionFixture, functionFixtures } from '../support/fixtures.js';
import { expectGradient } from '../support/gradients.js';
import { expectForward, toTensor } from '../support/parity.js';
import { tidied } from '../support/tidied.js';

/** The inputs of a call, in torch's layout. */
interface Inputs {
  readonly input: tf.Tensor;
  readonly weight: tf.Tensor;
  readonly bias?: tf.Tensor;
}

const CONVOLUTIONS: Readonly<Record<string, (...args: never[]) => tf.Tensor>> = {
  conv1d,
  conv2d,
  conv_transpose1d: convTranspose1d,
  conv_transpose2d: convTranspose2d,
};

function camelCase(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rename = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [rename(name), value]));
}

const axesOf = (rank: number) => Array.from({ length: rank - 2 }, (_, i) => i + 2);

function compute(fixture: FunctionFixture, inputs: Inputs, dataFormat: DataFormat): tf.Tensor {
  const { input, weight, bias } = inputs;
  const isLast = dataFormat === 'channelsLast';
  const last = [0, ...axesOf(input.rank), 1];
  const x = isLast ? tf.transpose(input, last) : input;
  const y = call(fixture, x, weight, bias, { ...camelCase(fixture.options), dataFormat });
  return isLast ? tf.transpose(y, [0, y.rank - 1, ...axesOf(y.rank).map((axis) => axis - 1)]) : y;
}

function call(
  { name, statistics }: FunctionFixture,
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor | undefined,
  options: { numGroups?: number; training?: boolean; dataFormat: DataFormat },
): tf.Tensor {
  const convolution = CONVOLUTIONS[name];
  // torch's weight, with the axes of the kernel first.
  if (convolution)
    return convolution(
      ...([x, tf.transpose(weight, [...axesOf(weight.rank), 1, 0]), bias, options] as never[]),
    );
  const affine = { ...options, weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D };
  if (name === 'group_norm') return groupNorm(x, options.numGroups as number, affine);
  if (name === 'instance_norm') return instanceNorm(x, affine).output;
  if (options.training) return batchNormInTraining(x, affine).output;
  const [mean, variance] = ['running_mean', 'running_var'].map((key) =>
    toTensor(statistics[key] as FloatTensor),
  ) as [tf.Tensor1D, tf.Tensor1D];
  return batchNorm(x, { mean, variance }, affine);
}

describeEachBackend('torch.nn.functional against PyTorch', () => {
  for (const [title, fixture] of functionFixtures()) {
    const names = Object.keys(fixture.inputs) as (keyof Inputs)[];
    const tensors = () => names.map((name) => toTensor(fixture.inputs[name] as FloatTensor));
    for (const dataFormat of ['channelsLast', 'channelsFirst'] as const) {
      const run = (...values: tf.Tensor[]) =>
        compute(
          fixture,
          Object.fromEntries(names.map((name, i) => [name, values[i]])) as unknown as Inputs,
          dataFormat,
        );

      it(`computes ${title}, ${dataFormat}`, async () => {
        await tidied(() => expectForward(run(...tensors()), fixture.output, 'output'));
      });

      it(`has the gradients of ${title}, ${dataFormat}`, async () => {
        await tidied(async () => {
          const loss = (...values: tf.Tensor[]) => tf.sum(tf.mul(run(...values), toTensor(fixture.R)));
          const gradients = tf.grads(loss)(tensors());
          for (const [i, name] of names.entries())
            await expectGradient(gradients[i] as tf.Tensor, fixture.gradients[name] as FloatTensor, name);
        });
      });
    }
  }
});
