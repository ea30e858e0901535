/** Programs against PyTorch: results, gradients of all parameters, and what steps of SGD make of the weights. */

import * as tf from '@tensorflow/tfjs';
import { toStateDict } from '../../../src/index.js';
import type { TorchProgram } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import type { FloatTensor } from '../../support/fixtures.js';
import { expectGradient, weighted } from '../../support/gradients.js';
import { expectState, expectTensors, Oracle, readProgram, tensorsIn } from '../../support/programs.js';
import { tidied } from '../../support/tidied.js';

const RATE = 0.1;
const STEPS = 3;

/** Each with how it is called on its inputs. */
const CALLS: Readonly<Record<string, (...inputs: tf.Tensor[]) => unknown[]>> = {
  states: (x, h0) => [x, h0],
  classifier: (ids) => [ids],
  nested: (x, mask, scale, bias, shift) => [{ x, mask }, [scale, bias], { shift }],
  tied: (ids) => [ids],
  counter: (x) => [x],
};

/** The sum of `output * R` over the outputs that are floats. */
function lossOf(outputs: readonly tf.Tensor[], oracle: Oracle): tf.Scalar {
  const factors = oracle.list('R');
  return tf.addN(factors.map((factor, i) => weighted(outputs[i] as tf.Tensor, factor))) as tf.Scalar;
}

function trainableOf(program: TorchProgram): tf.Variable[] {
  return program.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

describeEachBackend('programs against PyTorch', () => {
  for (const [name, argumentsOf] of Object.entries(CALLS)) {
    describe(name, () => {
      const oracle = new Oracle(name);
      const call = (program: TorchProgram, training: boolean) =>
        tensorsIn(program.forwardWith({ training }, ...argumentsOf(...oracle.list('input'))));

      async function withProgram(body: (program: TorchProgram) => Promise<void>): Promise<void> {
        const program = await readProgram(name);
        try {
          await tidied(() => body(program));
        } finally {
          program.dispose();
        }
      }

      it('gives the results of PyTorch, and those of the same call again', () =>
        withProgram(async (program) => {
          await expectTensors(call(program, true), oracle.list('output'));
          await expectTensors(call(program, true), oracle.list('again'));
        }));

      it('has the gradients of all parameters', () =>
        withProgram(async (program) => {
          const { grads } = tf.variableGrads(() => lossOf(call(program, true), oracle), trainableOf(program));
          const byWeight = new Map(
            program.torchEntries().map(({ key, weight }) => [key, grads[`${program.name}/${weight}`]]),
          );
          for (const [key, expected] of oracle.named('gradient'))
            await expectGradient(
              byWeight.get(key) as tf.Tensor,
              expected as FloatTensor,
              `gradient of ${key}`,
            );
        }));

      it('has the weights of PyTorch after steps of SGD, and its results in evaluation', () =>
        withProgram(async (program) => {
          const optimizer = tf.train.sgd(RATE);
          for (let step = 0; step < STEPS; step++)
            optimizer.minimize(() => lossOf(call(program, true), oracle), false, trainableOf(program));
          optimizer.dispose();
          const evaluated = call(program, false);
          expectState(await toStateDict(program), oracle.named('after'));
          await expectTensors(evaluated, oracle.list('evaluated'));
        }));
    });
  }
});
