import {
  abs,
  add,
  customGrad,
  equal,
  exp,
  type GradSaveFunc,
  log,
  max,
  maximum,
  mul,
  reshape,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { inTurn } from './in-turn.js';

/**
 * `log(sum(exp(x)))` over axes, which is -Infinity where all of x are; its gradient is NaN there, as torch's. Call inside `tidy`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html
 */
export function logSumExp(x: Tensor, axes: number[]): Tensor {
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const op = customGrad((input, save) => {
    const highest = finiteOrZero(max(input as Tensor, axes, true));
    const y = inTurn(
      input as Tensor,
      (value) => sub(value, highest),
      exp,
      (shares) => sum(shares, axes, true),
      (total) => add(log(total), highest),
    );
    (save as GradSaveFunc)([input as Tensor, y]);
    const gradFunc = (dy: Tensor, [x, y]: Tensor[]) =>
      mul(reshape(dy, kept), exp(sub(x as Tensor, y as Tensor)));
    const shape = x.shape.filter((_, i) => !axes.includes(i));
    return { value: reshape(y, shape), gradFunc };
  });
  return op(x);
}

/** `log(exp(a) + exp(b))` of tensors of one shape, with a gradient of 0 where both are -Infinity. Call inside `tidy`. */
export function logAddExp(a: Tensor, b: Tensor): Tensor {
  const op = customGrad((first, second, save) => {
    const highest = finiteOrZero(maximum(first as Tensor, second as Tensor));
    const total = add(exp(sub(first as Tensor, highest)), exp(sub(second as Tensor, highest)));
    const y = add(log(total), highest);
    (save as GradSaveFunc)([first as Tensor, second as Tensor, y]);
    const gradFunc = (dy: Tensor, [a, b, y]: Tensor[]) => {
      const level = aboveMinusInfinity(y as Tensor);
      return [mul(dy, exp(sub(a as Tensor, level))), mul(dy, exp(sub(b as Tensor, level)))];
    };
    return { value: y, gradFunc };
  });
  return op(a, b);
}

/** What is taken off before `exp`: zero in place of an infinity, whose difference from itself is NaN. */
export function finiteOrZero(x: Tensor): Tensor {
  return where(equal(abs(x), Number.POSITIVE_INFINITY), zerosLike(x), x);
}

function aboveMinusInfinity(x: Tensor): Tensor {
  return where(equal(x, Number.NEGATIVE_INFINITY), zerosLike(x), x);
}
