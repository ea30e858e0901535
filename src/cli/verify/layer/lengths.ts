/** The lengths of a packed sequence. */

import { message, show, showShape } from '../../../check.js';
import { elementCount } from '../../../state-dict/tensors/dtypes.js';
import type { TorchTensor } from '../../../state-dict/tensors/tensor.js';

const WHERE = 'verify';

/** @throws RangeError for anything but one integer 1..T of each row of x, which has these axes. */
export function lengthsOf(tensor: TorchTensor, x: TorchTensor, batchAxis: 0 | 1): number[] {
  const refuse = (rule: string, got: string) => new RangeError(message(WHERE, '--lengths', rule, got));
  if (x.shape.length !== 3) throw refuse('an --input with a batch', showShape(x.shape));
  const [rows, steps] = [x.shape[batchAxis], x.shape[1 - batchAxis]] as [number, number];
  if (`${tensor.shape}` !== `${rows}`)
    throw refuse(`shape [${rows}], a length of each row of --input`, showShape(tensor.shape));
  const lengths = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const wrong = lengths.find((length) => !Number.isInteger(length) || length < 1 || length > steps);
  if (wrong !== undefined) throw refuse(`integers from 1 to ${steps}, the steps of --input`, show(wrong));
  return lengths;
}

/** The first steps of `[.., T, ..]`, whose axis of steps is 0 or 1. */
export function firstSteps(tensor: TorchTensor, axis: 0 | 1, steps: number): TorchTensor {
  const { shape, data } = tensor;
  const inner = elementCount(shape.slice(axis + 1));
  const block = (shape[axis] as number) * inner;
  const kept = data.filter((_: number | bigint, i: number) => i % block < steps * inner);
  return { ...tensor, shape: shape.map((size, i) => (i === axis ? steps : size)), data: kept };
}
