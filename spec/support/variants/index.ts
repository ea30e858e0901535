/** The recurrent family in plain loops of float64, each member with the deviations that its fixtures must reject. */

import type { LayerModule, LayerRun } from '../fixtures.js';
import { GRU_DEVIATIONS, gruVariant } from './gru.js';
import { LSTM_DEVIATIONS, lstmVariant } from './lstm.js';
import { RNN_DEVIATIONS, rnnVariant } from './rnn.js';
import { STACK_DEVIATIONS, type VariantResult } from './stack.js';

export interface Variant {
  /** The result of the correct version, or of the version with the deviation. */
  readonly compute: (run: LayerRun, deviation?: string) => VariantResult;
  readonly deviations: readonly string[];
  /** Deviations of the equations alone, which a single cell can have. */
  readonly cellDeviations: readonly string[];
}

function variant<D extends string>(
  compute: (run: LayerRun, deviation?: D) => VariantResult,
  deviations: readonly D[],
): Variant {
  const ofStack: readonly string[] = STACK_DEVIATIONS;
  return {
    compute: compute as Variant['compute'],
    deviations,
    cellDeviations: deviations.filter((name) => !ofStack.includes(name)),
  };
}

export const VARIANTS: Readonly<Record<LayerModule, Variant>> = {
  GRU: variant(gruVariant, GRU_DEVIATIONS),
  LSTM: variant(lstmVariant, LSTM_DEVIATIONS),
  RNN: variant(rnnVariant, RNN_DEVIATIONS),
};
