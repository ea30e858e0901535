import {
  clone,
  customGrad,
  expandDims,
  type GradSaveFunc,
  notEqual,
  reshape,
  scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { emptyOf } from './empty.js';
import { usingUp } from './in-turn.js';
import { takeRows } from './indexing/rows.js';

/**
 * `torch.nn.functional.embedding`: `y[...] = weight[ids[...]]`, where rows of `paddingIdx` get no gradient.
 *
 * @param ids int32 of any shape, each in 0..V-1.
 * @param weight float32 `[V, E]`.
 * @param paddingIdx in 0..V-1. @default none
 * @returns the shape of ids, then E; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(ids: Tensor, weight: Tensor2D, paddingIdx?: number): Tensor {
  if (ids.size === 0) return emptyOf([...ids.shape, weight.shape[1]], [weight]);
  const rowsOf = (flat: Tensor) => {
    const rows = takeRows(weight, flat as Tensor1D) as Tensor2D;
    return paddingIdx === undefined ? rows : withoutGradientAt(paddingIdx, flat as Tensor1D, rows);
  };
  return tidy(() =>
    usingUp(
      ids,
      (value) => reshape(value, [ids.size]),
      rowsOf,
      (y) => reshape(y, [...ids.shape, weight.shape[1]]),
    ),
  );
}

/** The rows as they are, whose gradient is zero where the id is `paddingIdx`, also where that of the output is no number. */
function withoutGradientAt(paddingIdx: number, ids: Tensor1D, rows: Tensor2D): Tensor2D {
  const frozen = customGrad((x, save) => {
    (save as GradSaveFunc)([ids]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) => {
      const isTrained = expandDims(notEqual(saved as Tensor, scalar(paddingIdx, 'int32')), 1);
      return where(isTrained, dy, zerosLike(dy));
    };
    return { value: clone(x as Tensor), gradFunc };
  });
  const y = frozen(rows) as Tensor2D;
  rows.dispose();
  return y;
}
