import { customGrad, type GradSaveFunc, type Tensor, where, zerosLike } from '@tensorflow/tfjs-core';

/**
 * `a` where the bool `condition` (broadcast) holds, 0 elsewhere; its gradient is a selection too, to any order.
 *
 * tfjs's own gradient of `where` multiplies dy by 0 and 1, so a NaN or Inf that a loss computes from padding (the
 * logarithm of a padded zero) comes through as NaN. PyTorch never reads that side, neither forward nor backward.
 */
export function selectOrZero<T extends Tensor>(condition: Tensor, a: T): T {
  const op = customGrad((...args) => {
    const [x, save] = args as unknown as [T, GradSaveFunc];
    save([condition]);
    return {
      value: where(condition, x, zerosLike(x)),
      gradFunc: (dy: T, [saved]: Tensor[]) => selectOrZero(saved as Tensor, dy),
    };
  });
  return op(a) as T;
}
