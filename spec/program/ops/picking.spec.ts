/** Ops on shapes, indices and order at their edges: single calls beside what PyTorch gave, and their gradients. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import '../../../src/kernels/index.js';
import { findOp } from '../../../src/program/ops/table.js';
import type { Call, Value } from '../../../src/program/ops/types.js';
import { runPlan } from '../../../src/program/run/run.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { numbersOf, type OpCase, planOf, toTensor } from '../../live/program/op-case.js';
import { describeEachBackend } from '../../support/backends.js';
import { parseFixture } from '../../support/fixtures.js';
import { fixtureText } from '../../support/node/files.js';
import { tidied } from '../../support/tidied.js';
import { FORWARD_TOLERANCE } from '../../support/tolerance.js';

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
        const gather = findOp('aten.gather.default')?.run as (...args: unknown[]) => Value;
        const x = tf.ones([2, 3]);
        const call: Partial<Call> = { where: 'model: gather', dtype: 'F32' };
        const at = (index: number) => () =>
          gather(x, 1, tf.tensor2d([[index]], undefined, 'int32'), false, call);
        expect(at(3)).to.throw(RangeError, 'model: gather: index: expected 0 to 2, got 3');
        expect(at(-1)).to.throw(RangeError, 'model: gather: index: expected 0 to 2, got -1');
      }));
});
