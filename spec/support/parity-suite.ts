import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeEachBackend } from './backends.js';
import type { FloatTensor, NamedTensors, RecurrentFixture, SecondOrderFixture } from './fixtures.js';
import { expectGradients, gradientsOf, lossOf, weighted, withVariables } from './gradients.js';
import { expectedResults, expectForward, subjectOf, toTensor } from './parity.js';

/** Declares the tests of every layer and cell: torch's results and gradients of both orders, on every backend. */
export function describeParity(
  module: string,
  fixtures: readonly RecurrentFixture[],
  secondOrder: readonly SecondOrderFixture[],
): void {
  describeEachBackend(`${module} against PyTorch`, () => {
    for (const fixture of fixtures) {
      it(`computes every result of "${fixture.name}"`, () => expectResults(fixture));
      for (const loss of Object.keys(fixture.gradients))
        it(`computes the gradients of a loss on ${loss} of "${fixture.name}"`, () =>
          expectFirstOrder(fixture, loss));
    }
    for (const fixture of secondOrder)
      it(`computes second-order gradients of "${fixture.name}"`, () => expectSecondOrder(fixture));
  });
}

function expectResults(fixture: RecurrentFixture): void {
  const { layer, compute } = subjectOf(fixture);
  withVariables(fixture, layer, (variables) => {
    const results = compute(variables);
    expect(Object.keys(results)).to.deep.equal([...expectedResults(fixture).keys()]);
    for (const [name, expected] of expectedResults(fixture)) expectForward(results[name]!, expected, name);
  });
  layer.dispose();
}

function expectFirstOrder(fixture: RecurrentFixture, loss: string): void {
  const { layer, compute } = subjectOf(fixture);
  withVariables(fixture, layer, (variables) => {
    const gradients = gradientsOf(() => lossOf(compute(variables), fixture, loss), variables);
    expectGradients(gradients, fixture.gradients[loss]!, fixture.x.data.length === 0);
  });
  layer.dispose();
}

function expectSecondOrder(fixture: SecondOrderFixture): void {
  const { layer, compute } = subjectOf(fixture);
  const [result] = expectedResults(fixture).keys();
  const factors: NamedTensors = fixture.V;
  withVariables(fixture, layer, (variables) => {
    const loss = () => lossOf(compute(variables), fixture, result!);
    const first = () => gradientsOf(loss, variables);
    expectGradients(first(), fixture.first);
    const product = () =>
      tf.addN(
        [...first()].map(([name, gradient]) => weighted(gradient, toTensor(factors[name] as FloatTensor))),
      ) as tf.Scalar;
    expectGradients(gradientsOf(product, variables), fixture.second);
  });
  layer.dispose();
}
