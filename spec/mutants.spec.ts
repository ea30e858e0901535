import { expect } from 'chai';
import {
  CELL_MODULES,
  type CellFixture,
  cellFixtures,
  type FloatTensor,
  LAYER_MODULES,
  type LayerModule,
  type LayerRun,
  layerFixtures,
} from './support/fixtures.js';
import { FORWARD_TOLERANCE } from './support/tolerance.js';
import { VARIANTS, type Variant } from './support/variants/index.js';
import type { VariantResult } from './support/variants/stack.js';

/** A wrong version must be this many tolerances away: one that is closer could pass with a little rounding. */
const requiredFactor = 10;
/** Float32 rounding of torch against float64 loops; measured 4.6e-7. */
const rounding = 1e-6;

for (const module of LAYER_MODULES) {
  const { deviations } = VARIANTS[module];
  declareSuite(module, layerFixtures(module), VARIANTS[module], deviations);
}

for (const module of CELL_MODULES) {
  const variant = VARIANTS[module.replace('Cell', '') as LayerModule];
  // A cell has no projection.
  const deviations = variant.cellDeviations.filter((name) => !name.startsWith('projection'));
  const runs = cellFixtures(module).map(asLayer);
  declareSuite(module, runs, variant, deviations);
}

function declareSuite(
  module: string,
  runs: readonly LayerRun[],
  { compute }: Variant,
  deviations: readonly string[],
): void {
  describe(`the ${module} fixtures`, () => {
    for (const run of runs) {
      it(`"${run.name}" holds what the equations give in float64`, () => {
        expect(difference(compute(run), run)).to.be.below(rounding);
      });
    }

    for (const deviation of deviations) {
      it(`reject "${deviation}"`, () => {
        const factors = runs.map((run) => difference(compute(run, deviation), run) / FORWARD_TOLERANCE);
        expect(Math.max(...factors)).to.be.above(requiredFactor);
      });
    }
  });
}

/** A cell's steps as the sequence of a layer of one: the same weights and states under a layer's names. */
function asLayer({ config, stateDict, x, h0, c0, h, c, ...fixture }: CellFixture): LayerRun {
  const isBatched = x.shape.length === 3;
  const layerState = (state: FloatTensor) => ({ ...state, shape: [1, ...state.shape] });
  const last = (states: FloatTensor): FloatTensor => {
    const shape = states.shape.slice(1);
    return layerState({ ...states, shape, data: states.data.slice(-shape.reduce((a, b) => a * b, 1)) });
  };
  return {
    ...fixture,
    module: fixture.module.replace('Cell', '') as LayerModule,
    config: { ...config, numLayers: 1, batchFirst: !isBatched, bidirectional: false },
    stateDict: new Map([...stateDict].map(([key, tensor]) => [`${key}_l0`, tensor])),
    x,
    h0: h0 && layerState(h0),
    c0: c0 && layerState(c0),
    output: h,
    hn: last(h),
    cn: c && last(c),
  };
}

/** The largest |difference| over all steps of `output` and all final states. */
function difference(actual: VariantResult, expected: LayerRun): number {
  const pairs = [
    [actual.output, expected.output],
    [actual.hn, expected.hn],
    [actual.cn ?? [], expected.cn],
  ] as const;
  return Math.max(...pairs.map(([values, tensor]) => largest(values, tensor?.data ?? [])));
}

function largest(actual: readonly number[], expected: ArrayLike<number>): number {
  expect(actual.length).to.equal(expected.length);
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0);
}
