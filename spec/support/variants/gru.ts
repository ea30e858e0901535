/** A GRU in plain loops of float64, and the known mistakes of ports. */

import type { LayerRun } from '../fixtures.js';
import { runStack, STACK_DEVIATIONS, type States, type VariantResult, type Weights } from './stack.js';
import { affine, misreadBlocksTransposed, multiply, sigmoid, type Vector, zeros } from './vectors.js';

export const GRU_DEVIATIONS = [
  'r and z swapped',
  'reset before the product with W_hn',
  'b_hn dropped',
  '(1 - z) and z exchanged',
  'b_ih and b_hh exchanged',
  'blocks of W_hh transposed',
  ...STACK_DEVIATIONS,
] as const;

type Deviation = (typeof GRU_DEVIATIONS)[number];

export function gruVariant(run: LayerRun, deviation?: Deviation): VariantResult {
  const cell = {
    step: (x: Vector, states: States, weights: Weights) => [step(x, states[0]!, weights, deviation)],
    misread: (weights: Weights) => misread(weights, run.config.hiddenSize, deviation),
  };
  return runStack(run, cell, deviation);
}

/** h' of one step: r | z | n are the row blocks of the weights. */
function step(x: Vector, h: Vector, weights: Weights, deviation?: Deviation): Vector {
  const H = h.length;
  const fromX = affine(weights.ih, x, weights.biasIh);
  const fromH = affine(weights.hh, h, weights.biasHh);
  const gate = (block: number) => h.map((_, j) => sigmoid(fromX[block * H + j]! + fromH[block * H + j]!));
  const [r, z] = deviation === 'r and z swapped' ? [gate(1), gate(0)] : [gate(0), gate(1)];
  const isResetEarly = deviation === 'reset before the product with W_hn';
  const fromResetH = affine(weights.hh, multiply(r, h), weights.biasHh).slice(2 * H);
  const recurrent = isResetEarly ? fromResetH : multiply(r, fromH.slice(2 * H));
  const n = recurrent.map((value, j) => Math.tanh(fromX[2 * H + j]! + value));
  const keep = deviation === '(1 - z) and z exchanged' ? z.map((value) => 1 - value) : z;
  return keep.map((share, j) => (1 - share) * n[j]! + share * h[j]!);
}

/** The deviations that are another reading of the same weights. */
function misread(weights: Weights, H: number, deviation?: Deviation): Weights {
  const { hh, biasIh, biasHh } = weights;
  switch (deviation) {
    case 'b_hn dropped':
      return { ...weights, biasHh: [...biasHh.slice(0, 2 * H), ...zeros(H)] };
    case 'b_ih and b_hh exchanged':
      return { ...weights, biasIh: biasHh, biasHh: biasIh };
    case 'blocks of W_hh transposed':
      return { ...weights, hh: misreadBlocksTransposed(hh, H) };
    default:
      return weights;
  }
}
