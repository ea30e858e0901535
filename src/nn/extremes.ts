import {
  argMax,
  cast,
  clone,
  customGrad,
  div,
  equal,
  expandDims,
  type GradSaveFunc,
  isNaN as isNotANumber,
  logicalOr,
  type max,
  mul,
  range,
  reshape,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** tf.max or tf.min. */
type Extreme = typeof max;

/** The greatest or least elements over axes, whose gradient goes to all that are equal to them, in equal parts. Call inside `tidy`. */
export function evenly(extreme: Extreme, x: Tensor, axes: number[]): Tensor {
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const op = customGrad((input, save) => {
    const y = extreme(input as Tensor, axes);
    (save as GradSaveFunc)([input as Tensor, y]);
    const gradFunc = (dy: Tensor, [x, y]: Tensor[]) => {
      const isExtreme = cast(isAt(x as Tensor, reshape(y as Tensor, kept)), 'float32');
      return mul(isExtreme, div(reshape(dy, kept), sum(isExtreme, axes, true)));
    };
    return { value: y, gradFunc };
  });
  return op(x);
}

/** The first index of the greatest or least element along an axis; NaN counts as the greatest and the least. Call inside `tidy`. */
export function indexOfExtreme(extreme: Extreme, x: Tensor, axis: number): Tensor {
  return argMax(cast(isAt(x, extreme(x, axis, true)), 'int32'), axis);
}

/** The elements at one index each along an axis, to which their gradient goes alone. Call inside `tidy`. */
export function valuesAt(values: Tensor, indices: Tensor, x: Tensor, axis: number): Tensor {
  const op = customGrad((input, save) => {
    (save as GradSaveFunc)([indices]);
    const gradFunc = (dy: Tensor, [at]: Tensor[]) =>
      mul(expandDims(dy, axis), isIndex(at as Tensor, (input as Tensor).shape[axis] as number, axis));
    return { value: clone(values), gradFunc };
  });
  return op(x);
}

/** 1 at the index along a new axis, 0 elsewhere. */
export function isIndex(indices: Tensor, size: number, axis: number): Tensor {
  const steps = reshape(range(0, size, 1, 'int32'), [
    size,
    ...new Array<number>(indices.rank - axis).fill(1),
  ]);
  return cast(equal(expandDims(indices, axis), steps), 'float32');
}

function isAt(x: Tensor, value: Tensor): Tensor {
  const isEqual = equal(x, value);
  return x.dtype === 'float32' ? logicalOr(isEqual, isNotANumber(x)) : isEqual;
}
