/**
 * Reduces sequences with absent steps anywhere to right-padded ones: the present steps of each row move to its front, where
 * the op reads them by their number, and the results move back. Nothing is read from a device.
 */

import {
  add,
  cast,
  cumsum,
  customGrad,
  type GradSaveFunc,
  gatherND,
  greater,
  lessEqual,
  maximum,
  mul,
  range,
  reshape,
  scatterND,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tile,
  where,
} from '@tensorflow/tfjs-core';
import { selectOrZero } from '../../ops/select.js';

/** The present steps of each row of a batch. Make and use it inside `tidy`. */
export class PresentSteps {
  /** The number of present steps in each row, `[B]` int32, 0..T. */
  readonly lengths: Tensor1D;
  /** The number of present steps up to and including each step, float32 `[B, T]`. */
  private readonly count: Tensor2D;
  /** The new place of each step, and the old step of each place, flat over `[B, T]`. Absent steps follow the present ones. */
  private readonly destination: Tensor1D;
  private readonly origin: Tensor1D;

  /** @param mask bool `[B, T]`, B and T at least 1. */
  constructor(private readonly mask: Tensor2D) {
    const [batch, steps] = mask.shape;
    const present = cast(mask, 'float32');
    const lengths = sum(present, 1, true);
    this.lengths = reshape(cast(lengths, 'int32'), [batch]);
    this.count = cumsum(present, 1);
    const step = reshape(range(0, steps), [1, steps]);
    const place = where(mask, sub(this.count, 1), sub(add(lengths, step), this.count));
    this.destination = this.flat(place as Tensor2D);
    const all = range(0, batch * steps, 1, 'int32');
    this.origin = scatterND(reshape(this.destination, [-1, 1]), all, [batch * steps]) as Tensor1D;
  }

  /** `[B, T, I]` with each row's present steps at its front. */
  toFront(x: Tensor3D): Tensor3D {
    return permuteSteps(x, this.origin, this.destination);
  }

  /** Undoes `toFront`: moves the zeros past each length of a result `[B, T, H]` to the absent steps. */
  putBack(result: Tensor3D): Tensor3D {
    return permuteSteps(result, this.destination, this.origin);
  }

  /** As `putBack`, but an absent step repeats the result of the last present step before it. */
  putBackAndHold(result: Tensor3D): Tensor3D {
    const last = this.flat(maximum(sub(this.count, 1), 0) as Tensor2D);
    const held = takeSteps(result, last);
    return selectOrZero(reshape(greater(this.count, 0), [...this.mask.shape, 1]), held);
  }

  /** A sequence `[B, T, *]` as `toFront` returns it, with the present steps of each row in reverse order. */
  reverse(sequence: Tensor3D): Tensor3D {
    const [batch, steps] = this.mask.shape;
    const step = tile(reshape(range(0, steps), [1, steps]), [batch, 1]) as Tensor2D;
    const last = reshape(sub(cast(this.lengths, 'float32'), 1), [batch, 1]);
    const mirrored = this.flat(where(lessEqual(step, last), sub(last, step), step) as Tensor2D);
    return permuteSteps(sequence, mirrored, mirrored);
  }

  /** `[B, H]`, zero in rows without a step. */
  zeroIfEmpty(state: Tensor2D): Tensor2D {
    return selectOrZero(greater(reshape(this.lengths, [-1, 1]), 0), state);
  }

  /** `[B, H]`, zero in rows whose last step is absent. */
  zeroIfLastAbsent(state: Tensor2D): Tensor2D {
    const [batch, steps] = this.mask.shape;
    return selectOrZero(slice(this.mask, [0, steps - 1], [batch, 1]), state);
  }

  /** Places within each row as places in the flat batch, `[B*T]` int32. */
  private flat(places: Tensor2D): Tensor1D {
    const [batch, steps] = this.mask.shape;
    const rowStart = mul(reshape(range(0, batch), [batch, 1]), steps);
    return reshape(cast(add(places, rowStart), 'int32'), [batch * steps]);
  }
}

/** An op of x and of indices, whose gradient is `gradient` of dy and of the same indices. */
function stepOp(
  x: Tensor3D,
  indices: Tensor1D[],
  value: (x: Tensor3D) => Tensor3D,
  gradient: (dy: Tensor3D, indices: Tensor1D[]) => Tensor3D,
): Tensor3D {
  const op = customGrad((...args) => {
    const [input, save] = args as unknown as [Tensor3D, GradSaveFunc];
    save(indices);
    const gradFunc = (dy: Tensor3D, saved: Tensor[]) => gradient(dy, saved as Tensor1D[]);
    return { value: value(input), gradFunc };
  });
  return op(x) as Tensor3D;
}

/** The steps in the order `indices`, a permutation of `[B*T]`; the gradient uses its `inverse`. */
function permuteSteps(x: Tensor3D, indices: Tensor1D, inverse: Tensor1D): Tensor3D {
  const value = (input: Tensor3D) => gatherSteps(input, indices);
  return stepOp(x, [indices, inverse], value, (dy, [to, from]) => permuteSteps(dy, from, to));
}

/**
 * The steps `indices` of `[B, T, H]`, which may repeat. tfjs computes the gradient of `gather` by unsortedSegmentSum, which
 * on the cpu backend passes over the whole tensor for every step.
 */
function takeSteps(x: Tensor3D, indices: Tensor1D): Tensor3D {
  const value = (input: Tensor3D) => gatherSteps(input, indices);
  return stepOp(x, [indices], value, (dy, [saved]) => sumSteps(dy, saved));
}

/** The transpose of `takeSteps`: each step of the result is the sum of the steps taken from it. */
function sumSteps(x: Tensor3D, indices: Tensor1D): Tensor3D {
  const value = (input: Tensor3D) => {
    const [batch, steps, size] = input.shape;
    const rows = reshape(input, [batch * steps, size]);
    const sums = scatterND(reshape(indices, [-1, 1]), rows, [batch * steps, size]);
    return reshape(sums, input.shape) as Tensor3D;
  };
  return stepOp(x, [indices], value, (dy, [saved]) => takeSteps(dy, saved));
}

/** Gathers by gatherND: tfjs-node's `gather` reads the indices back to check them. */
function gatherSteps(x: Tensor3D, indices: Tensor1D): Tensor3D {
  const [batch, steps, size] = x.shape;
  return reshape(gatherND(reshape(x, [batch * steps, size]), reshape(indices, [-1, 1])), x.shape);
}
