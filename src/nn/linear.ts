import { add, matMul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { constantOf } from './empty.js';
import { usingUp } from './in-turn.js';

/**
 * `torch.nn.functional.linear`: `y = x @ weight^T + bias`. Call inside `tidy`.
 *
 * @param x float32 `[..., I]`.
 * @param weight `[O, I]`, or `[I]` for one output without an axis.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const inputs = x.shape.at(-1) as number;
  const outputs = weight.size === 0 ? (weight.shape[0] as number) : weight.size / inputs;
  const shape = [...x.shape.slice(0, -1), ...weight.shape.slice(0, -1)];
  const plus = (product: Tensor) => (bias && product.size > 0 ? add(product, bias) : product);
  if (x.size === 0 || weight.size === 0) return plus(constantOf(shape, [x, weight], 0));
  const matrix = weight.rank === 2 ? weight : reshape(weight, [outputs, inputs]);
  const multiply = (rows: Tensor) => matMul(rows, matrix, false, true);
  if (x.rank === 2 && weight.rank === 2) return usingUp(x, multiply, plus);
  return usingUp(
    x,
    (value) => reshape(value, [x.size / inputs, inputs]),
    multiply,
    plus,
    (y) => reshape(y, shape),
  );
}
