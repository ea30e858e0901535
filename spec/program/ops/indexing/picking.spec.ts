/** Ops on shapes, indices and order at their edges: single calls beside what PyTorch gave, and their gradients. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import '../../../../src/kernels/index.js';
import { findOp, type Resolved } from '../../../../src/program/ops/table.js';
import type { Call, Value } from '../../../../src/program/ops/types.js';
import { runPlan } from '../../../../src/program/run/run.js';
import type { TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { numbersOf, type OpCase, planOf, toTensor } from '../../../live/program/op-case.js';
import { describeEachBackend } from '../../../support/backends.js';
import { parseFixture } from '../../../support/fixtures.js';
import { fixtureText } from '../../../support/node/files.js';
import { tidied } from '../../../support/tidied.js';
import { FORWARD_TOLERANCE } from '../../../support/tolerance.js';

const { cases } = parseFixture<{ cases: Record<string, OpCase> }>(fixtureText('program/ops.json'));

async function expectTensor(name: string, actual: tf.Tensor, expected: TorchTensor): Promise<void> {
  expect(actual.shape, `shape of ${name}`).to.deep.equal(expected.shape);
  const [got, wanted] = [Array.from(await actual.data()), numbersOf(expected.data)];
  for (const [i, value] of wanted.entries())
    if (Number.isFinite(value)) expect(got[i], `${name}[${i}]`).to.be.closeTo(value, FORWARD_TOLERANCE);
    else expect(got[i], `${name}[${i}]`).to.deep.equal(value);
}

const tensorsIn = (values: readonly Value[]) => (values as unknown[]).flat(2) as tf.Tensor[];

/** The sum of the results, each times its weights, and its gradients by the floats among the inputs. */
function gradientsOf({ weights }: OpCase, run: () => tf.Tensor[], inputs: readonly tf.Tensor[]) {
  const floats = inputs.filter(({ dtype }) => dtype === 'float32');
  const loss = () => {
    const results = run();
    const terms = Object.entries(weights).map(([name, factors]) =>
      tf.sum(tf.mul(results[Number(name.replace('output.', ''))] as tf.Tensor, toTensor(factors))),
    );
    return tf.addN(terms);
  };
  const { grads } = tf.engine().gradients(loss, floats, undefined, true);
  return new Map(floats.map((input, i) => [input, grads[i]]));
}

describeEachBackend('ops on shapes, indices and order', (backend) => {
  for (const [title, opCase] of Object.entries(cases))
    it(`${opCase.target}: ${title}`, () =>
      tidied(async () => {
        const plan = planOf(opCase);
        const inputs = Object.values(opCase.tensors).map(toTensor);
        const run = () => runPlan(plan, inputs, { isTraining: true });
        const { outputs, written } = run();
        for (const [i, [name, wanted]] of Object.entries(opCase.expected).entries())
          await expectTensor(name, tensorsIn(outputs)[i] as tf.Tensor, wanted);
        for (const [i, name] of Object.keys(opCase.tensors).entries())
          if (opCase.changed[name])
            await expectTensor(`${name} changed`, written.get(i) as tf.Tensor, opCase.changed[name]);
        if (Object.keys(opCase.gradients).length === 0) return;
        const gradients = gradientsOf(opCase, () => tensorsIn(run().outputs), inputs);
        for (const [i, name] of Object.keys(opCase.tensors).entries()) {
          const wanted = opCase.gradients[name];
          // What has no elements has no gradient here.
          if (!wanted || wanted.shape.includes(0)) continue;
          const gradient = gradients.get(inputs[i] as tf.Tensor) as tf.Tensor;
          await expectTensor(`gradient of ${name}`, gradient, wanted);
        }
      }));

  if (['cpu', 'wasm', 'tensorflow'].includes(backend))
    it('an index outside of its axis is an error that names it', () =>
      tidied(async () => {
        const x = tf.ones([2, 3]);
        for (const [target, wrong, what] of PICKS)
          for (const index of wrong)
            expect(() => run(target, x, index), `${target} at ${index}`).to.throw(
              RangeError,
              new RegExp(`^model: pick: ${what}, got ${index}$`),
            );
      }));
});

const int = (...values: number[]) => tf.tensor1d(values, 'int32');

/** Calls of ops on `[2, 3]` by their names, with an index: the second of two where there are two. */
const CALLS: Readonly<Record<string, (x: tf.Tensor, index: number) => readonly unknown[]>> = {
  'gather.default': (x, i) => [x, 1, tf.tensor2d([[0], [i]], [2, 1], 'int32'), false],
  'take.default': (x, i) => [x, int(0, i)],
  'index_select.default': (x, i) => [x, 1, int(0, i)],
  'index.Tensor': (x, i) => [x, [null, int(0, i)]],
  'index_put.default': (x, i) => [x, [null, int(0, i)], tf.scalar(1), false],
  'scatter.value': (x, i) => [x, 1, tf.tensor2d([[0], [i]], [2, 1], 'int32'), 1],
  'scatter_add.default': (x, i) => [x, 1, tf.tensor2d([[0], [i]], [2, 1], 'int32'), x],
  'index_add.default': (x, i) => [x, 1, int(0, i), tf.ones([2, 2]), 1],
  'index_copy.default': (x, i) => [x, 1, int(0, i), tf.ones([2, 2])],
  'index_fill.int_Scalar': (x, i) => [x, 1, int(0, i), 1],
  'put.default': (x, i) => [x, int(0, i), int(1, 1), false],
  'select.int': (x, i) => [x, 1, i],
  'embedding.default': (x, i) => [x, int(0, i), -1, false, false],
  'embedding_bag.default': (x, i) => [x, int(0, i), int(0), false, 0, false, null, false],
  'one_hot.default': (_, i) => [int(0, i), 3],
  'nll_loss.default': (x, i) => [x, int(0, i), null, 1, -100],
  'nll_loss_forward.default': (x, i) => [x, int(0, i), null, 1, 5],
  'cross_entropy_loss.default': (x, i) => [x, int(0, i), null, 1, -100, 0],
};

const run = (target: string, x: tf.Tensor, index: number): Value => {
  const call: Partial<Call> = { where: 'model: pick', dtype: 'F32' };
  const op = findOp(`aten.${target}`) as Resolved;
  return (op.run as (...args: unknown[]) => Value)(
    ...(CALLS[target] as (typeof CALLS)[string])(x, index),
    call,
  );
};

/** Ops, indices that they refuse, and what the message says of them: torch refuses them too. */
const PICKS: readonly (readonly [target: string, wrong: readonly number[], what: string])[] = [
  ['gather.default', [-1, 3], 'index: expected 0 to 2 for a size of 3'],
  ['take.default', [-7, 6], 'index: expected -6 to 5 for a size of 6'],
  ['index_select.default', [-1, 3], 'index: expected 0 to 2 for a size of 3'],
  ['index.Tensor', [-4, 3], 'index: expected -3 to 2 for a size of 3'],
  ['index_put.default', [-4, 3], 'index: expected -3 to 2 for a size of 3'],
  ['scatter.value', [-1, 3], 'index: expected 0 to 2 for a size of 3'],
  ['scatter_add.default', [-1, 3], 'index: expected 0 to 2 for a size of 3'],
  ['index_add.default', [-1, 3], 'index: expected 0 to 2 for a size of 3'],
  ['index_copy.default', [-1, 3], 'index: expected 0 to 2 for a size of 3'],
  ['index_fill.int_Scalar', [-4, 3], 'index: expected -3 to 2 for a size of 3'],
  ['put.default', [-7, 6], 'index: expected -6 to 5 for a size of 6'],
  ['select.int', [-4, 3], 'index: expected -3 to 2 for a size of 3'],
  ['embedding.default', [-1, 2], 'indices: expected 0 to 1 for a size of 2'],
  ['embedding_bag.default', [-1, 2], 'indices: expected 0 to 1 for a size of 2'],
  ['one_hot.default', [-1, 3], 'self: expected 0 to 2 for a size of 3'],
  ['nll_loss.default', [-1, 3], 'target: expected 0 to 2 for a size of 3'],
  ['nll_loss_forward.default', [-100, 3], 'target: expected 0 to 2 for a size of 3'],
  ['cross_entropy_loss.default', [-1, 3], 'target: expected 0 to 2 for a size of 3'],
];
