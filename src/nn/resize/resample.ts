import { add, dispose, mul, reshape, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { inTurn, usingUp } from '../in-turn.js';
import { takeAlong } from '../indexing/along.js';

/** How torch counts places of the input for those of the output along an axis. */
export interface Resampling {
  readonly inputs: number;
  readonly outputs: number;
  /** Outputs for each input, as the caller gave it; the sizes tell it otherwise. */
  readonly factor?: number | undefined;
  /** Whether the first and last elements of both lie upon each other. @default false */
  readonly alignCorners?: boolean | undefined;
}

/** Elements that an output is a weighted sum of: one place of the input for each output. */
interface Tap {
  readonly places: readonly number[];
  readonly weights: readonly number[];
}

// torch counts places in float32.
const { fround } = Math;

function scaleOf({ inputs, outputs, factor, alignCorners = false }: Resampling): number {
  if (alignCorners) return outputs > 1 ? fround((inputs - 1) / (outputs - 1)) : 0;
  return factor === undefined ? fround(inputs / outputs) : fround(1 / factor);
}

/** The element below each place, or the one nearest to it. Call inside `tidy`. */
export function resampleNearest(x: Tensor, axis: number, resampling: Resampling, isExact: boolean): Tensor {
  const { inputs, outputs } = resampling;
  const scale = scaleOf(resampling);
  const places = Array.from({ length: outputs }, (_, i) =>
    Math.min(Math.floor(fround(fround(i + (isExact ? 0.5 : 0)) * scale)), inputs - 1),
  );
  return takeAlong(x, axis, tensor1d(places, 'int32'));
}

/** The two elements about each place, weighted by their distances. Call inside `tidy`. */
export function resampleLinear(x: Tensor, axis: number, resampling: Resampling): Tensor {
  const { inputs, outputs } = resampling;
  if (inputs === outputs) return x;
  const places = Array.from({ length: outputs }, (_, i) => Math.max(0, placeOf(i, resampling)));
  const below = places.map((place) => Math.min(Math.floor(place), inputs - 1));
  const shares = places.map((place, i) => fround(place - (below[i] as number)));
  return weighted(x, axis, [
    { places: below, weights: shares.map((share) => fround(1 - share)) },
    { places: below.map((place) => Math.min(place + 1, inputs - 1)), weights: shares },
  ]);
}

const A = -0.75;
/** Keys' cubic kernel at a distance up to 1, and from 1 to 2. */
const near = (t: number) => ((A + 2) * t - (A + 3)) * t * t + 1;
const far = (t: number) => ((A * t - 5 * A) * t + 8 * A) * t - 4 * A;

/** The four elements about each place, weighted by a cubic kernel. Call inside `tidy`. */
export function resampleCubic(x: Tensor, axis: number, resampling: Resampling): Tensor {
  const { inputs, outputs } = resampling;
  const places = Array.from({ length: outputs }, (_, i) => placeOf(i, resampling));
  const below = places.map(Math.floor);
  const shares = places.map((place, i) => place - (below[i] as number));
  const kernels = [(t: number) => far(t + 1), near, (t: number) => near(1 - t), (t: number) => far(2 - t)];
  const taps = kernels.map((kernel, i) => ({
    places: below.map((place) => Math.min(Math.max(place + i - 1, 0), inputs - 1)),
    weights: shares.map(kernel),
  }));
  return weighted(x, axis, taps);
}

function placeOf(i: number, resampling: Resampling): number {
  const scale = scaleOf(resampling);
  return resampling.alignCorners ? fround(i * scale) : fround(fround((i + 0.5) * scale) - 0.5);
}

function weighted(x: Tensor, axis: number, taps: readonly Tap[]): Tensor {
  const along = (values: readonly number[]) =>
    reshape(
      tensor1d([...values]),
      x.shape.map((_, i) => (i === axis ? values.length : 1)),
    );
  let total: Tensor | undefined;
  for (const tap of taps) {
    const isLast = tap === taps.at(-1);
    const part = (isLast ? usingUp : inTurn)(
      x,
      (value) => takeAlong(value, axis, tensor1d([...tap.places], 'int32')),
      (taken) => mul(taken, along(tap.weights)),
    );
    const sum = total ? add(total, part) : part;
    if (total) dispose([total, part]);
    total = sum;
  }
  return total as Tensor;
}
