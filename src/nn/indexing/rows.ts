/** Rows of a tensor by their ids: read, added and written, each with a gradient that is one of the others. */

import {
  cast,
  customGrad,
  type GradSaveFunc,
  gather,
  reshape,
  type Tensor,
  type Tensor1D,
  tensorScatterUpdate,
  unsortedSegmentSum,
  zeros,
} from '@tensorflow/tfjs-core';
import { emptyLike, isEmpty } from '../empty.js';
import { offTape } from '../off-tape.js';

/**
 * `y[i] = x[ids[i]]` along axis 0. The gradient of tf.gather turns the axes of x twice, into the order that they have.
 *
 * @param ids int32, each in 0..N-1.
 */
export function takeRows(x: Tensor, ids: Tensor1D): Tensor {
  const shape = [ids.size, ...x.shape.slice(1)];
  if (isEmpty(shape)) return emptyLike(shape, x);
  if (x.dtype !== 'float32') return offTape(() => gather(x, ids));
  const op = customGrad((source, save) => {
    (save as GradSaveFunc)([ids]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) =>
      unsortedSegmentSum(dy, saved as Tensor1D, x.shape[0] as number);
    return { value: gather(source as Tensor, ids), gradFunc };
  });
  return op(x);
}

/**
 * `y[j] = sum of rows[i] where ids[i] = j`.
 *
 * @param size the rows of y.
 */
export function addRows(rows: Tensor, ids: Tensor1D, size: number): Tensor {
  const shape = [size, ...rows.shape.slice(1)];
  if (rows.dtype === 'bool') return cast(addRows(cast(rows, 'int32'), ids, size), 'bool');
  if (isEmpty(rows.shape)) return isEmpty(shape) ? emptyLike(shape, rows) : zeros(shape, rows.dtype);
  if (rows.dtype !== 'float32') return offTape(() => unsortedSegmentSum(rows, ids, size));
  const op = customGrad((source, save) => {
    (save as GradSaveFunc)([ids]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) => takeRows(dy, saved as Tensor1D);
    return { value: unsortedSegmentSum(source as Tensor, ids, size), gradFunc };
  });
  return op(rows);
}

/**
 * A copy of x in which `y[ids[i]] = rows[i]`; x itself where there are no rows. Which of several rows with one id stays is left open,
 * as in torch; all of them get the gradient of that place.
 */
export function putRows(x: Tensor, ids: Tensor1D, rows: Tensor): Tensor {
  if (isEmpty(rows.shape)) return x;
  if (x.dtype === 'bool') return cast(putRows(cast(x, 'int32'), ids, cast(rows, 'int32')), 'bool');
  const put = (target: Tensor, source: Tensor) =>
    tensorScatterUpdate(target, reshape(ids, [ids.size, 1]), source);
  if (x.dtype !== 'float32') return offTape(() => put(x, rows));
  const op = customGrad((target, source, save) => {
    (save as GradSaveFunc)([ids]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) => [
      putRows(dy, saved as Tensor1D, zeros(rows.shape)),
      takeRows(dy, saved as Tensor1D),
    ];
    return { value: put(target as Tensor, source as Tensor), gradFunc };
  });
  return op(x, rows);
}
