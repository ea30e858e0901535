/** `scatter_reduce`: the values that go to one place, brought to one. */

import {
  add,
  cast,
  customGrad,
  div,
  equal,
  type GradSaveFunc,
  maximum,
  ones,
  type Tensor,
  type Tensor1D,
  tensor1d,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { choose } from '../../nn/indexing/choose.js';
import { addRows, putRows, takeRows } from '../../nn/indexing/rows.js';
import { offTape } from '../../nn/off-tape.js';
import { readNow } from './read-now.js';
import type { Call } from './types.js';

interface Options {
  readonly reduce: string;
  /** Whether the values that self has count. */
  readonly includeSelf: boolean;
  readonly call: Call;
}

/** All of one axis: `y[j]` of `self[j]` and all `rows[i]` with `places[i] = j`. */
export function scatterReduce(self: Tensor, places: Tensor1D, rows: Tensor, options: Options): Tensor {
  const { reduce, includeSelf, call } = options;
  if (reduce === 'sum' || reduce === 'mean') {
    const base = includeSelf ? self : putRows(self, places, zerosLike(rows));
    const sum = add(base, addRows(rows, places, self.size));
    return reduce === 'sum' ? sum : meanOf(sum, self, places, options);
  }
  const extreme = EXTREMES[reduce];
  if (extreme === undefined || self.dtype !== 'float32') {
    const rule = self.dtype === 'float32' ? 'sum, mean, amax or amin' : 'sum or mean for integers';
    throw new UnsupportedError(message(call.where, 'reduce', rule, show(reduce)));
  }
  return extremeOf(self, places, rows, extreme, options);
}

function meanOf(sum: Tensor, self: Tensor, places: Tensor1D, { includeSelf, call }: Options): Tensor {
  if (self.dtype !== 'float32') {
    const got = 'integers';
    throw new UnsupportedError(message(call.where, 'self', 'floats for a mean', got));
  }
  const counts = offTape(() => {
    const written = addRows(ones([places.size]), places, self.size);
    return includeSelf ? add(written, 1) : maximum(written, 1);
  });
  return div(sum, counts);
}

interface Extreme {
  readonly least: number;
  readonly isBetter: (a: number, b: number) => boolean;
}

const EXTREMES: Readonly<Record<string, Extreme>> = {
  amax: { least: Number.NEGATIVE_INFINITY, isBetter: (a, b) => a > b || Number.isNaN(a) },
  amin: { least: Number.POSITIVE_INFINITY, isBetter: (a, b) => a < b || Number.isNaN(a) },
};

/** The gradient is shared out evenly among equal ones. torch counts those of self also where they are left out. */
function extremeOf(
  self: Tensor,
  places: Tensor1D,
  rows: Tensor,
  { least, isBetter }: Extreme,
  { includeSelf, call }: Options,
): Tensor {
  const [ids, values] = [readNow(call, places), readNow(call, rows)];
  const best = Float32Array.from(readNow(call, self));
  if (!includeSelf) for (const place of ids) best[place] = least;
  for (const [i, place] of ids.entries())
    if (isBetter(values[i] as number, best[place] as number)) best[place] = values[i] as number;
  const op = customGrad((target, source, save) => {
    const value = tensor1d(best);
    (save as GradSaveFunc)([target as Tensor, source as Tensor, value, places]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [x, y, result, at] = saved as [Tensor, Tensor, Tensor, Tensor1D];
      const isOfSelf = offTape(() => equal(x, result));
      const isOfRows = offTape(() => equal(y, takeRows(result, at)));
      const count = offTape(() => {
        const ofRows = addRows(cast(isOfRows, 'float32'), at, x.size);
        return maximum(add(ofRows, cast(isOfSelf, 'float32')), 1);
      });
      const share = div(dy, count);
      const ofSelf = choose(isOfSelf, share, zerosLike(dy));
      const none = zerosLike(y);
      return [includeSelf ? ofSelf : putRows(ofSelf, at, none), choose(isOfRows, takeRows(share, at), none)];
    };
    return { value, gradFunc };
  });
  return op(self, rows);
}
