/** An LSTM in plain loops of float64, with or without projection, and the known mistakes of ports. */

import type { LayerRun } from '../fixtures.js';
import { runStack, STACK_DEVIATIONS, type States, type VariantResult, type Weights } from './stack.js';
import {
  add,
  affine,
  misreadBlocksTransposed,
  misreadTransposed,
  multiply,
  sigmoid,
  type Vector,
  zeros,
} from './vectors.js';

export const LSTM_DEVIATIONS = [
  'i and f swapped',
  'g and o swapped',
  'h0 and c0 swapped',
  'hn and cn swapped',
  'blocks of W_hh transposed',
  'bias_hh dropped',
  'projection skipped',
  'projection transposed',
  ...STACK_DEVIATIONS,
] as const;

type Deviation = (typeof LSTM_DEVIATIONS)[number];

export function lstmVariant(run: LayerRun, deviation?: Deviation): VariantResult {
  const cell = {
    step: (x: Vector, states: States, weights: Weights) => step(x, states, weights, deviation),
    misread: (weights: Weights) => misread(weights, run.config.hiddenSize, deviation),
  };
  // The states of a projected LSTM have different shapes: such a port would not run.
  const canSwap = !run.config.projSize;
  if (canSwap && deviation === 'h0 and c0 swapped') return runStack({ ...run, h0: run.c0, c0: run.h0 }, cell);
  const result = runStack(run, cell, deviation);
  if (canSwap && deviation === 'hn and cn swapped') return { ...result, hn: result.cn!, cn: result.hn };
  return result;
}

/** h' and c' of one step: i | f | g | o are the row blocks of the weights. */
function step(x: Vector, [h, c]: States, weights: Weights, deviation?: Deviation): States {
  const H = c!.length;
  const sums = add(affine(weights.ih, x, weights.biasIh), affine(weights.hh, h!, weights.biasHh));
  const block = (index: number) => sums.slice(index * H, (index + 1) * H);
  const [i, f] = (deviation === 'i and f swapped' ? [1, 0] : [0, 1]).map((k) => block(k).map(sigmoid));
  const [gBlock, oBlock] = deviation === 'g and o swapped' ? [3, 2] : [2, 3];
  const g = block(gBlock!).map(Math.tanh);
  const o = block(oBlock!).map(sigmoid);
  const next = add(multiply(f!, c!), multiply(i!, g));
  const hidden = multiply(o, next.map(Math.tanh));
  if (!weights.hr) return [hidden, next];
  const P = weights.hr.length;
  if (deviation === 'projection skipped') return [hidden.slice(0, P), next];
  return [affine(weights.hr, hidden, zeros(P)), next];
}

/** The deviations that are another reading of the same weights. */
function misread(weights: Weights, H: number, deviation?: Deviation): Weights {
  switch (deviation) {
    case 'blocks of W_hh transposed':
      return { ...weights, hh: misreadBlocksTransposed(weights.hh, H) };
    case 'bias_hh dropped':
      return { ...weights, biasHh: zeros(4 * H) };
    case 'projection transposed':
      return { ...weights, hr: weights.hr && misreadTransposed(weights.hr) };
    default:
      return weights;
  }
}
