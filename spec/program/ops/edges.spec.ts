/** Single ops where numbers or gradients are easily wrong, against PyTorch (scripts/fixtures/make_op_edges.py). */

import * as tf from '@tensorflow/tfjs';
import '../../../src/index.js';
import { tfDtype } from '../../../src/program/ops/shared/dtypes.js';
import { findOp, type Resolved } from '../../../src/program/ops/table.js';
import { describeEachBackend } from '../../support/backends.js';
import { fixtureText } from '../../support/node/files.js';
import { tidied } from '../../support/tidied.js';
import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE } from '../../support/tolerance.js';

type Stored = number | boolean | string;

interface StoredTensor {
  readonly dtype: 'F32' | 'I64' | 'BOOL';
  readonly shape: readonly number[];
  readonly data: readonly Stored[];
}

type Argument = StoredTensor | Stored | null | readonly Argument[];

interface Edge {
  readonly name: string;
  readonly target: string;
  readonly arguments: readonly Argument[];
  /** For each tensor of the arguments. */
  readonly trained: readonly boolean[];
  readonly results: readonly StoredTensor[];
  readonly gradients: readonly StoredTensor[];
}

const FAMILIES = ['functions', 'reductions', 'linear', 'windows', 'norms', 'attention', 'losses'];

describeEachBackend('ops at their edges', () => {
  for (const family of FAMILIES)
    for (const edge of JSON.parse(fixtureText(`op-edges/${family}.json`)) as Edge[])
      it(`${edge.target}: ${edge.name}`, () => tidied(() => compare(edge)));
});

async function compare(edge: Edge): Promise<void> {
  const { target, trained, results, gradients } = edge;
  const op = findOp(target) as Resolved;
  const tensors: tf.Tensor[] = [];
  const args = edge.arguments.map((argument) => argumentOf(argument, tensors));
  const call = {
    dtype: results[0]?.dtype,
    dtypes: results.map(({ dtype }) => dtype),
    isTraining: true,
    where: target,
    assign: () => {},
  };
  const run = () => [(op.run as (...all: unknown[]) => tf.Tensor | tf.Tensor[])(...args, call)].flat();
  const made = run();
  for (const [i, result] of results.entries())
    await expectNear(`result ${i}`, made[i]!, result, FORWARD_TOLERANCE);
  if (gradients.length === 0) return;
  const loss = () => {
    const again = run();
    const terms = results.flatMap((result, i) => {
      if (result.dtype !== 'F32') return [];
      const count = again[i]!.size;
      const weights = Array.from({ length: count }, (_, j) => (j + 1) / count);
      return [tf.sum(tf.mul(again[i]!, tf.tensor(weights, again[i]!.shape)))];
    });
    return tf.addN(terms) as tf.Scalar;
  };
  const wanted = tensors.filter((_, i) => trained[i]);
  const { grads } = tf.engine().gradients(loss, wanted, undefined, true);
  for (const [i, gradient] of gradients.entries())
    await expectNear(
      `gradient ${i}`,
      grads[i] ?? tf.zeros([...gradient.shape]),
      gradient,
      GRADIENT_TOLERANCE,
    );
}

/** An argument as ops get it; its tensors are also put into a list. */
function argumentOf(argument: Argument, tensors: tf.Tensor[]): unknown {
  if (argument === null || typeof argument !== 'object')
    return /NaN|Infinity/.test(String(argument)) ? Number(argument) : argument;
  if (Array.isArray(argument))
    return (argument as readonly Argument[]).map((item) => argumentOf(item, tensors));
  const { dtype, shape, data } = argument as StoredTensor;
  const tensor = tf.tensor(data.map(Number), [...shape], tfDtype(dtype));
  tensors.push(tensor);
  return tensor;
}

async function expectNear(
  what: string,
  actual: tf.Tensor,
  expected: StoredTensor,
  tolerance: number,
): Promise<void> {
  const kind = (dtype: string | undefined, shape: readonly number[]) => `${dtype} [${shape}]`;
  const [got, wanted] = [kind(actual.dtype, actual.shape), kind(tfDtype(expected.dtype), expected.shape)];
  if (got !== wanted) throw new Error(`${what}: ${got}, torch has ${wanted}`);
  const values = await actual.data();
  const numbers = expected.data.map(Number);
  const largest = Math.max(1, ...numbers.map(Math.abs).filter(Number.isFinite));
  for (const [i, number] of numbers.entries()) {
    const value = values[i] as number;
    if (Object.is(value, number) || Math.abs(value - number) <= tolerance * largest) continue;
    if (value !== number) throw new Error(`${what}[${i}]: ${value}, torch has ${number}`);
  }
}
