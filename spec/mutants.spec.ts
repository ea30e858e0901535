import { expect } from 'chai';
import { gruFixtures } from './support/fixtures.js';
import { deviations, gruVariant, type VariantResult } from './support/gru-variants.js';
import { FORWARD_TOLERANCE } from './support/tolerance.js';

/** A wrong version must be this many tolerances away: one that is closer could pass with a little rounding. */
const requiredFactor = 10;
/** Float32 rounding of torch against float64 loops; measured 4.6e-7. */
const rounding = 1e-6;

const fixtures = gruFixtures();

describe('the GRU fixtures', () => {
  for (const fixture of fixtures) {
    it(`"${fixture.name}" holds what the equations give in float64`, () => {
      expect(difference(gruVariant(fixture), fixture)).to.be.below(rounding);
    });
  }

  for (const deviation of deviations) {
    it(`reject a GRU with ${deviation}`, () => {
      const factors = fixtures.map(
        (fixture) => difference(gruVariant(fixture, deviation), fixture) / FORWARD_TOLERANCE,
      );
      expect(Math.max(...factors)).to.be.above(requiredFactor);
    });
  }
});

/** The largest |difference| over all steps of `output` and all of `hn`. */
function difference(actual: VariantResult, expected: (typeof fixtures)[number]): number {
  return Math.max(largest(actual.output, expected.output.data), largest(actual.hn, expected.hn.data));
}

function largest(actual: readonly number[], expected: Float32Array): number {
  expect(actual.length).to.equal(expected.length);
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0);
}
