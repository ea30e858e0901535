import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeEachBackend } from './backends.js';
import type { FloatTensor, NamedTensors, RecurrentFixture, SecondOrderFixture } from './fixtures.js';
import { expectGradients, gradientsOf, lossOf, weighted, withVariables } from './gradients.js';
import { expectedResults, expectForward, subjectOf, toTensor } from './parity.js';
import { SUM_OF_NOTHING, skipOnFault } from './tfjs-faults.js';

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
        it(`computes the gradients of a loss on ${loss} of "${fixture.name}"`, function () {
          if (fixture.x.data.length === 0) skipOnFault(this, SUM_OF_NOTHING);
          return expectFirstOrder(fixture, loss);
        });
    }
    for (const fixture of secondOrder) {
      it(`computes second-order gradients of "${fixture.name}"`, () => expectSecondOrder(fixture));
      it(`computes those of one call that an inner and an outer gradient share, of "${fixture.name}"`, () =>
        expectSharedCall(fixture));
      if (fixture.penalty)
        it(`computes the gradients of a gradient penalty of "${fixture.name}"`, () => expectPenalty(fixture));
    }
    for (const fixture of fixtures.filter(({ x }) => x.data.length > 0).slice(0, 2))
      it(`computes the gradients of several losses on one tape, of "${fixture.name}"`, () =>
        expectSeveralLosses(fixture));
  });
}

async function expectResults(fixture: RecurrentFixture): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  await withVariables(fixture, layer, async (variables) => {
    const results = compute(variables);
    expect(Object.keys(results)).to.deep.equal([...expectedResults(fixture).keys()]);
    for (const [name, expected] of expectedResults(fixture))
      await expectForward(results[name]!, expected, name);
  });
  layer.dispose();
}

async function expectFirstOrder(fixture: RecurrentFixture, loss: string): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  await withVariables(fixture, layer, async (variables) => {
    const gradients = gradientsOf(() => lossOf(compute(variables), fixture, loss), variables);
    await expectGradients(gradients, fixture.gradients[loss]!, fixture.x.data.length === 0);
  });
  layer.dispose();
}

/** `sum_i <g_i, V_i>` of the gradients g of a loss on the first result. */
function productOf(fixture: SecondOrderFixture, first: Map<string, tf.Tensor>): tf.Scalar {
  const factors: NamedTensors = fixture.V;
  // Not tf.addN, which is wrong for eight tensors on webgpu (tfjs 4.22): a program there has seven inputs at most.
  return [...first]
    .map(([name, gradient]) => weighted(gradient, toTensor(factors[name] as FloatTensor)))
    .reduce((sum, term) => tf.add(sum, term));
}

async function expectSecondOrder(fixture: SecondOrderFixture): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  const [result] = expectedResults(fixture).keys();
  await withVariables(fixture, layer, async (variables) => {
    const first = () => gradientsOf(() => lossOf(compute(variables), fixture, result!), variables);
    await expectGradients(first(), fixture.first);
    await expectGradients(
      gradientsOf(() => productOf(fixture, first()), variables),
      fixture.second,
    );
  });
  layer.dispose();
}

/** The call is recorded by the outer gradient alone; the inner one differentiates it, and is differentiated. */
async function expectSharedCall(fixture: SecondOrderFixture): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  const [result] = expectedResults(fixture).keys();
  await withVariables(fixture, layer, async (variables) => {
    const inner: Map<string, tf.Tensor>[] = [];
    const product = () => {
      const results = compute(variables);
      const first = gradientsOf(() => lossOf(results, fixture, result!), variables);
      inner.push(keepAll(first));
      return productOf(fixture, first);
    };
    await expectGradients(gradientsOf(product, variables), fixture.second);
    // The same call, whose loss is differentiated twice: once inside, once outside.
    const loss = () => {
      const value = lossOf(compute(variables), fixture, result!);
      inner.push(keepAll(gradientsOf(() => tf.mul(value, 1), variables)));
      return value;
    };
    await expectGradients(gradientsOf(loss, variables), fixture.first);
    for (const gradients of inner) await expectGradients(gradients, fixture.first);
    for (const gradients of inner) tf.dispose([...gradients.values()]);
  });
  layer.dispose();
}

function keepAll(gradients: Map<string, tf.Tensor>): Map<string, tf.Tensor> {
  for (const gradient of gradients.values()) tf.keep(gradient);
  return gradients;
}

/** As a WGAN with gradient penalty has it: the norm of the gradient by x is part of the loss. */
async function expectPenalty(fixture: SecondOrderFixture): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  const [result] = expectedResults(fixture).keys();
  await withVariables(fixture, layer, async (variables) => {
    const x = new Map([['x', variables.get('x')!]]);
    const penalty = (loss: () => tf.Scalar) => {
      const slope = gradientsOf(loss, x).get('x')!;
      return tf.square(tf.sub(tf.norm(slope), 1)) as tf.Scalar;
    };
    const inside = () => penalty(() => lossOf(compute(variables), fixture, result!));
    const outside = () => {
      const results = compute(variables);
      return penalty(() => lossOf(results, fixture, result!));
    };
    for (const loss of [inside, outside])
      await expectGradients(gradientsOf(loss, variables), fixture.penalty!);
  });
  layer.dispose();
}

/** A node of the tape that is differentiated several times, with another gradient each time. */
async function expectSeveralLosses(fixture: RecurrentFixture): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  await withVariables(fixture, layer, async (variables) => {
    const names = Object.keys(fixture.gradients);
    const inner = new Map<string, Map<string, tf.Tensor>>();
    const loss = () => {
      const results = compute(variables);
      for (const name of names)
        inner.set(name, keepAll(gradientsOf(() => lossOf(results, fixture, name), variables)));
      return lossOf(results, fixture, names[0]!);
    };
    await expectGradients(gradientsOf(loss, variables), fixture.gradients[names[0]!]!);
    for (const name of names) await expectGradients(inner.get(name)!, fixture.gradients[name]!);
    for (const gradients of inner.values()) tf.dispose([...gradients.values()]);
  });
  layer.dispose();
}
