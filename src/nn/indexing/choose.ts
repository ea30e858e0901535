import { cast, customGrad, type GradSaveFunc, type Tensor, where, zerosLike } from '@tensorflow/tfjs-core';
import { emptyOf, isEmpty } from '../empty.js';
import { usingUpAll } from '../in-turn.js';
import { offTape } from '../off-tape.js';
import { commonShape, expand } from '../shape/expand.js';

/**
 * `torch.where`: `y = condition ? a : b`, of one shape. The condition may come from an op without a gradient, and what is not chosen
 * gets a gradient of zero, also where that of y is no number.
 *
 * @param condition bool.
 * @param b of the dtype of a.
 */
export function choose(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const shape = commonShape(condition.shape, a.shape, b.shape);
  // The kernel of wasm copies four bytes for each element, of bools too.
  if (a.dtype === 'bool')
    return usingUpAll(
      [a, b],
      (x) => cast(x, 'int32'),
      (x, y) => choose(condition, x, y),
      (y) => cast(y, 'bool'),
    );
  if (isEmpty(shape)) return a.dtype === 'float32' ? emptyOf(shape, [a, b]) : expand(a, shape);
  return usingUpAll(
    [condition, a, b],
    (x) => expand(x, shape),
    (chosen, x, y) => chooseSame(chosen as Tensor, x as Tensor, y as Tensor),
  );
}

/** All of one shape. */
function chooseSame(chosen: Tensor, x: Tensor, y: Tensor): Tensor {
  if (x.dtype !== 'float32') return offTape(() => where(chosen, x, y));
  const op = customGrad((yes, no, save) => {
    (save as GradSaveFunc)([chosen]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) => {
      const [mask, zero] = [saved as Tensor, zerosLike(dy)];
      return [choose(mask, dy, zero), choose(mask, zero, dy)];
    };
    return { value: where(chosen, yes as Tensor, no as Tensor), gradFunc };
  });
  return op(x, y);
}
