/** Random layers and cells for PyTorch to compute. */

import type { Nonlinearity } from '../../../src/index.js';
import {
  CELL_MODULES,
  type CellConfig,
  type CellFixture,
  type CellModule,
  LAYER_MODULES,
  type LayerConfig,
  type LayerFixture,
  type LayerModule,
  type RecurrentFixture,
} from '../../support/fixtures.js';
import { Random } from '../../support/random.js';
import type { Oracle } from './oracle.js';

/** Sizes near the widths of SIMD registers and unrolled loops; few are exact multiples. */
const FEATURE_SIZES = [1, 2, 3, 5, 6, 7, 8, 9, 13, 16, 17, 33];
const BATCH_SIZES = [0, 1, 1, 2, 3, 5, 7, 9];
const MAX_STEPS = 9;

export const MODULES = [...LAYER_MODULES, ...CELL_MODULES];
export type Module = LayerModule | CellModule;

interface Sizes {
  readonly seed: number;
  readonly steps: number;
  /** null: unbatched. */
  readonly batch: number | null;
  /** For an LSTM also c0. */
  readonly hasH0: boolean;
}

export interface LayerCase extends Sizes {
  readonly module: LayerModule;
  readonly config: LayerConfig;
  readonly lengths: readonly number[] | null;
  /** One loss on all results rather than one loss on each. @default false */
  readonly sumOfLosses?: boolean;
}

export interface CellCase extends Sizes {
  readonly module: CellModule;
  readonly config: CellConfig;
}

/** The seed alone decides the case of a module. */
export function randomCase(module: Module, seed: number): LayerCase | CellCase {
  return isCell(module)
    ? randomCell(module, new Random(seed), seed)
    : randomLayer(module, new Random(seed), seed);
}

function isCell(module: Module): module is CellModule {
  return module.endsWith('Cell');
}

function randomLayer(module: LayerModule, random: Random, seed: number): LayerCase {
  const common = {
    inputSize: random.pick(FEATURE_SIZES),
    hiddenSize: random.pick(FEATURE_SIZES),
    numLayers: random.integer(1, 3),
    bias: random.chance(0.7),
    batchFirst: random.chance(0.5),
    bidirectional: random.chance(0.5),
  };
  const steps = random.integer(1, MAX_STEPS);
  const batch = random.chance(0.1) ? null : random.pick(BATCH_SIZES);
  const hasH0 = random.chance(0.6);
  // torch refuses to pack an empty batch.
  const lengths =
    batch && random.chance(0.5) ? Array.from({ length: batch }, () => random.integer(1, steps)) : null;
  const own = ownArguments(module, common.hiddenSize, random);
  return { seed, module, config: { ...common, ...own }, steps, batch, hasH0, lengths };
}

function randomCell(module: CellModule, random: Random, seed: number): CellCase {
  const common = {
    inputSize: random.pick(FEATURE_SIZES),
    hiddenSize: random.pick(FEATURE_SIZES),
    bias: random.chance(0.7),
  };
  const steps = random.integer(1, MAX_STEPS);
  const batch = random.chance(0.3) ? null : random.pick(BATCH_SIZES);
  const hasH0 = random.chance(0.6);
  const own = module === 'RNNCell' ? { nonlinearity: randomNonlinearity(random) } : {};
  return { seed, module, config: { ...common, ...own }, steps, batch, hasH0 };
}

/** The arguments that only this layer has. */
function ownArguments(module: LayerModule, hiddenSize: number, random: Random): Partial<LayerConfig> {
  switch (module) {
    case 'GRU':
      return {};
    case 'LSTM':
      return { projSize: hiddenSize > 1 && random.chance(0.5) ? random.integer(1, hiddenSize - 1) : 0 };
    case 'RNN':
      return { nonlinearity: randomNonlinearity(random) };
    default:
      return module satisfies never;
  }
}

function randomNonlinearity(random: Random): Nonlinearity {
  return random.chance(0.5) ? 'tanh' : 'relu';
}

/** What torch computes for a case. */
export function askTorch(oracle: Oracle, layerCase: LayerCase): Promise<LayerFixture>;
export function askTorch(oracle: Oracle, anyCase: LayerCase | CellCase): Promise<RecurrentFixture>;
export async function askTorch(oracle: Oracle, anyCase: LayerCase | CellCase): Promise<RecurrentFixture> {
  const { module, seed } = anyCase;
  const name = String(seed);
  const command = isCell(module) ? 'cell' : 'layer';
  const answer = await oracle.ask<object>({ command, name, sumOfLosses: false, ...anyCase });
  return { name, module, ...answer } as LayerFixture | CellFixture;
}
