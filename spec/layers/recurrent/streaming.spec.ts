/** A sequence in chunks gives the result of one long call, whether the caller or a stateful layer carries the state. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeEachBackend } from '../../support/backends.js';
import { EVERY_CELL, step } from '../../support/cells.js';
import { expectClose } from '../../support/expect-same.js';
import { batchLeading, describeEachLayer, EVERY_LAYER, forward } from '../../support/family.js';
import type { RecurrentLayer } from '../../support/parity.js';
import { Random } from '../../support/random.js';
import { tidied } from '../../support/tidied.js';

const [B, T, I, H] = [3, 12, 2, 4];

/** The lengths of random chunks, some of them a single step. */
function chunkLengths(random: Random, steps: number): number[] {
  const lengths: number[] = [];
  for (let rest = steps; rest > 0; rest -= lengths.at(-1)!)
    lengths.push(random.chance(0.3) ? 1 : random.integer(1, Math.min(rest, 5)));
  return lengths;
}

/** Splits that hold the extremes and chunks of every size between them. */
const SPLITS = [
  [T],
  new Array<number>(T).fill(1),
  ...[1, 2, 3].map((seed) => chunkLengths(new Random(seed), T)),
];

/** Runs chunks in order, each from the final states of the one before. */
function inChunks(
  layer: RecurrentLayer,
  x: tf.Tensor,
  lengths: readonly number[],
  axis: number,
  initial: readonly tf.Tensor[] = [],
): ReturnType<typeof forward> {
  let states = initial;
  const outputs = tf.split(x, [...lengths], axis).map((chunk) => {
    const result = forward(layer, chunk, { states });
    states = result.states;
    return result.output;
  });
  return { output: tf.concat(outputs, axis), states: [...states] };
}

async function expectSameResults(
  actual: ReturnType<typeof forward>,
  expected: ReturnType<typeof forward>,
): Promise<void> {
  await expectClose(actual.output, expected.output);
  expect(actual.states).to.have.length(expected.states.length);
  for (const [i, state] of actual.states.entries()) await expectClose(state, expected.states[i]!);
}

describe('the splits', () => {
  it('add up to the sequence, with single steps and longer chunks', () => {
    for (const lengths of SPLITS) expect(lengths.reduce((sum, length) => sum + length)).to.equal(T);
    const ofSeeds = SPLITS.slice(2).flat();
    expect(ofSeeds).to.include(1);
    expect(Math.max(...ofSeeds)).to.be.above(2);
  });
});

describeEachLayer('streaming', EVERY_LAYER, ({ make, module, stateSizes }) => {
  const states = (batch: number, rows: number) =>
    stateSizes(H).map((columns, i) => tf.randomNormal([rows, batch, columns], 0, 1, 'float32', i));

  for (const numLayers of [1, 3]) {
    it(`with forward equals one long call for ${numLayers} layers, batch-first and time-major`, async () => {
      for (const batchFirst of [true, false]) {
        const layer = make({ hiddenSize: H, numLayers, batchFirst });
        await tidied(async () => {
          const x = tf.randomNormal(batchFirst ? [B, T, I] : [T, B, I]);
          const initial = states(B, numLayers);
          const whole = forward(layer, x, { states: initial });
          for (const lengths of SPLITS)
            await expectSameResults(inChunks(layer, x, lengths, batchFirst ? 1 : 0, initial), whole);
        });
        layer.dispose();
      }
    });
  }

  it('with forward equals one long call without a batch, from zeros', async () => {
    const layer = make({ hiddenSize: H, numLayers: 2 });
    await tidied(async () => {
      const x = tf.randomNormal([T, I]);
      const whole = forward(layer, x);
      for (const lengths of SPLITS) await expectSameResults(inChunks(layer, x, lengths, 0), whole);
    });
    layer.dispose();
  });

  it('with stateful apply equals one long call, row by row, whatever is called between', async () => {
    const layer = make({ hiddenSize: H, numLayers: 2, stateful: true, returnState: true });
    await tidied(async () => {
      const [x, other] = [tf.randomNormal([B, T, I]), tf.randomNormal([B, 2, I])];
      const whole = forward(layer, x);
      for (const lengths of SPLITS) {
        let finals: tf.Tensor[] = [];
        const outputs = tf.split(x, lengths, 1).map((chunk) => {
          const [output, ...rest] = layer.apply(chunk) as tf.Tensor[];
          finals = rest;
          forward(layer, other);
          return output!;
        });
        await expectSameResults({ output: tf.concat(outputs, 1), states: finals.map(batchLeading) }, whole);
        layer.resetStates();
      }
      const rows = tf.unstack(x).map((row) => tf.expandDims(row));
      for (const [row, sequence] of rows.entries())
        await expectClose(forward(layer, sequence).output, tf.slice(whole.output, [row, 0, 0], [1, -1, -1]));
    });
    layer.dispose();
  });

  it('with a stateful model equals one long call through predict, for chunks of any length', async () => {
    const [first, second] = [
      make({ hiddenSize: H, stateful: true, inputShape: [null as never, I] }),
      make({ hiddenSize: 3, stateful: true }),
    ];
    const model = tf.sequential({ layers: [first, second] });
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I]);
      const whole = forward(second, forward(first, x).output).output;
      for (const lengths of SPLITS.slice(1)) {
        const chunks = tf.split(x, lengths, 1).map((chunk) => model.predict(chunk) as tf.Tensor);
        await expectClose(tf.concat(chunks, 1), whole);
        model.resetStates();
      }
    });
    model.dispose();
  });

  it('with a stateful layer continues each row from its own end, by lengths or by a mask', async () => {
    const layer = make({ hiddenSize: H, numLayers: 2, stateful: true });
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I]);
      const [head, tail] = tf.split(x, [5, T - 5], 1) as [tf.Tensor, tf.Tensor];
      const lengths = [3, 5, 1];
      const mask = tf.tensor2d(
        lengths.flatMap((length) => [0, 1, 2, 3, 4].map((t) => (t < length ? 1 : 0))),
        [B, 5],
        'bool',
      );
      for (const options of [{ lengths }, { mask }]) {
        layer.apply(head, options);
        const rest = tf.unstack(layer.apply(tail) as tf.Tensor);
        for (const [row, length] of lengths.entries()) {
          const own = tf.concat(
            [tf.slice(head, [row, 0, 0], [1, length, I]), tf.slice(tail, [row, 0, 0], [1, T - 5, I])],
            1,
          );
          const expected = tf.squeeze(forward(layer, own).output, [0]);
          await expectClose(rest[row]!, tf.slice(expected, [length, 0], [T - 5, -1]));
        }
        layer.resetStates();
      }
    });
    layer.dispose();
  });

  it('continues from states that resetStates sets, in part or for new rows', async () => {
    const layer = make({ hiddenSize: H, stateful: true, returnState: true });
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I]);
      const [head, tail] = tf.split(x, [7, T - 7], 1) as [tf.Tensor, tf.Tensor];
      const [, ...carried] = layer.apply(head) as tf.Tensor[];
      const [expected] = layer.apply(tail) as tf.Tensor[];
      // Only row 1 continues.
      layer.resetStates(carried.map((state) => tf.slice(state, [1, 0, 0], [1, -1, -1])));
      const [alone] = layer.apply(tf.slice(tail, [1, 0, 0], [1, -1, -1])) as tf.Tensor[];
      await expectClose(alone!, tf.slice(expected!, [1, 0, 0], [1, -1, -1]));
    });
    layer.dispose();
  });

  it('refuses a reverse direction, whose chunks differ from one call', async () => {
    expect(() => make({ hiddenSize: H, bidirectional: true, stateful: true })).to.throw(
      RangeError,
      `${module}: stateful: expected false with bidirectional: true, got true. ` +
        'The reverse direction needs the end of the sequence before its start, so it cannot be carried on',
    );
    const layer = make({ hiddenSize: H, bidirectional: true, seed: 1 });
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
      const [whole, chunks] = [forward(layer, x), inChunks(layer, x, [6, 6], 1)];
      expect(await tf.max(tf.abs(tf.sub(whole.output, chunks.output))).array()).to.be.above(1e-3);
    });
    layer.dispose();
  });
});

describeEachBackend('streaming with a cell', () => {
  for (const { title, make, layer: variant, stateNames } of EVERY_CELL) {
    it(`goes on where the layer of ${title} stopped, and the layer where the cell did`, async () => {
      const [cell, layer] = [make({ hiddenSize: H }), variant.make({ hiddenSize: H })];
      cell.ensureBuilt(I);
      layer.ensureBuilt(I);
      await tidied(async () => {
        layer.setWeights(cell.getWeights());
        const x = tf.randomNormal([B, T, I]);
        const whole = forward(layer, x);
        const [head, middle, tail] = tf.split(x, [5, 1, 6], 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
        const { states } = forward(layer, head);
        expect(states).to.have.length(stateNames.length);
        const next = step(
          cell,
          tf.squeeze(middle, [1]),
          states.map((state) => tf.squeeze(state, [0])),
        );
        const rest = forward(layer, tail, { states: next.map((state) => tf.expandDims(state, 0)) });
        await expectSameResults(
          { output: rest.output, states: rest.states },
          { output: tf.slice(whole.output, [0, 6, 0], [B, 6, H]), states: whole.states },
        );
      });
      cell.dispose();
      layer.dispose();
    });
  }
});
