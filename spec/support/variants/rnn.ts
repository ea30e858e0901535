/** An Elman network in plain loops of float64, and the known mistakes of ports. */

import type { LayerRun } from '../fixtures.js';
import { runStack, STACK_DEVIATIONS, type States, type VariantResult, type Weights } from './stack.js';
import { add, affine, misreadTransposed, type Vector, zeros } from './vectors.js';

export const RNN_DEVIATIONS = [
  'tanh and relu exchanged',
  'W_hh transposed',
  'bias_ih dropped',
  'bias_hh dropped',
  ...STACK_DEVIATIONS,
] as const;

type Deviation = (typeof RNN_DEVIATIONS)[number];

export function rnnVariant(run: LayerRun, deviation?: Deviation): VariantResult {
  const isRelu = (run.config.nonlinearity === 'relu') !== (deviation === 'tanh and relu exchanged');
  const activation = isRelu ? (value: number) => Math.max(value, 0) : Math.tanh;
  const step = (x: Vector, [h]: States, weights: Weights) => [
    add(affine(weights.ih, x, weights.biasIh), affine(weights.hh, h!, weights.biasHh)).map(activation),
  ];
  return runStack(run, { step, misread: (weights) => misread(weights, deviation) }, deviation);
}

/** The deviations that are another reading of the same weights. */
function misread(weights: Weights, deviation?: Deviation): Weights {
  const { hh, biasIh, biasHh } = weights;
  switch (deviation) {
    case 'W_hh transposed':
      return { ...weights, hh: misreadTransposed(hh) };
    case 'bias_ih dropped':
      return { ...weights, biasIh: zeros(biasIh.length) };
    case 'bias_hh dropped':
      return { ...weights, biasHh: zeros(biasHh.length) };
    default:
      return weights;
  }
}
