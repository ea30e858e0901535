import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeEachBackend } from '../support/backends.js';
import { type GruRun, gruFixtures, secondOrderFixtures } from '../support/fixtures.js';
import {
  expectForward,
  expectGradients,
  gradientsOf,
  layerOf,
  toTensor,
  withVariables,
} from '../support/parity.js';

/** Runs a fixture's forward pass from differentiable inputs. */
function forward(run: GruRun, layer: ReturnType<typeof layerOf>, inputs: Map<string, tf.Tensor>) {
  return layer.forward(inputs.get('x') as tf.Tensor, { h0: inputs.get('h0'), lengths: run.lengths });
}

function weighted(tensor: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  return tf.sum(tf.mul(tensor, weights));
}

describeEachBackend('GRU against PyTorch', () => {
  for (const fixture of gruFixtures()) {
    const isEmptyBatch = fixture.x.data.length === 0;

    it(`computes output and hn of "${fixture.name}"`, () => {
      const layer = layerOf(fixture);
      tf.tidy(() => {
        const inputs = new Map([['x', toTensor(fixture.x)]]);
        if (fixture.h0) inputs.set('h0', toTensor(fixture.h0));
        const { output, hn } = forward(fixture, layer, inputs);
        expectForward(output, fixture.output, 'output');
        expectForward(hn, fixture.hn, 'hn');
      });
      layer.dispose();
    });

    for (const loss of ['output', 'hn'] as const) {
      it(`computes the gradients of a loss on ${loss} of "${fixture.name}"`, () => {
        const layer = layerOf(fixture);
        withVariables(fixture, layer, (variables) => {
          const factor = toTensor(loss === 'output' ? fixture.R : fixture.Rh);
          const gradients = gradientsOf(
            () => weighted(forward(fixture, layer, variables)[loss], factor),
            variables,
          );
          expectGradients(gradients, fixture.gradients[loss], isEmptyBatch);
        });
        layer.dispose();
      });
    }
  }

  for (const fixture of secondOrderFixtures()) {
    it(`computes second-order gradients of "${fixture.name}"`, () => {
      const layer = layerOf(fixture);
      withVariables(fixture, layer, (variables) => {
        const loss = () => weighted(forward(fixture, layer, variables).output, toTensor(fixture.R));
        const first = () => gradientsOf(loss, variables);
        expectGradients(first(), fixture.first);
        const product = () =>
          tf.addN(
            [...first()].map(([name, gradient]) => weighted(gradient, toTensor(fixture.V[name] as never))),
          ) as tf.Scalar;
        expectGradients(gradientsOf(product, variables), fixture.second);
      });
      layer.dispose();
    });
  }

  it('covers at least 15 forward fixtures', () => {
    expect(gruFixtures().length).to.be.at.least(15);
  });
});
