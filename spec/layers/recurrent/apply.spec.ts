import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { expectClose, expectSame } from '../../support/expect-same.js';
import {
  batchLeading,
  describeEachLayer,
  EVERY_LAYER,
  finalStates,
  forward,
  initialStates,
  type Variant,
} from '../../support/family.js';
import { expectForward, layerOf, maxDifference, toTensor } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

/** Random initial states of one direction in the shapes of `apply`. */
function randomStates({ stateSizes }: Variant, hiddenSize: number, batch: number, rows: number): tf.Tensor[] {
  return stateSizes(hiddenSize).map((columns) => tf.randomNormal([batch, rows, columns]));
}

describeEachLayer('apply', EVERY_LAYER, (variant) => {
  const { make, module, stateNames, stateSizes } = variant;
  const fixture = variant.fixture();
  const { hiddenSize: H, numLayers } = fixture.config;
  const stack = numLayers * 2;
  const B = fixture.x.shape[0] as number;

  it('returns the output of forward, eagerly, with states batch-leading', async () => {
    const layer = layerOf(fixture, { returnState: true });
    await tidied(async () => {
      const finals = finalStates(fixture);
      const inputs = [toTensor(fixture.x), ...initialStates(fixture).map(batchLeading)];
      const [output, ...states] = layer.apply(inputs, { lengths: fixture.lengths }) as tf.Tensor[];
      await expectForward(output, fixture.output, 'output');
      expect(states.map(({ shape }) => shape)).to.deep.equal(
        finals.map(({ shape: [rows, b, n] }) => [b, rows, n]),
      );
      for (const [i, state] of states.entries())
        await expectForward(batchLeading(state), finals[i]!, `final state ${i}`);
    });
    layer.dispose();
  });

  it('returns cat(h[-2], h[-1]) with returnSequences: false', async () => {
    const layer = layerOf(fixture, { returnSequences: false });
    await tidied(async () => {
      const inputs = [toTensor(fixture.x), ...initialStates(fixture).map(batchLeading)];
      const last = layer.apply(inputs, { lengths: fixture.lengths }) as tf.Tensor;
      const hn = tf.unstack(toTensor(fixture.hn));
      await expectClose(last, tf.concat([hn[stack - 2]!, hn[stack - 1]!], 1));
    });
    layer.dispose();
  });

  it('gives the same in a functional model with x and the states as inputs, for any number of samples', async () => {
    const layer = make({ hiddenSize: 5, numLayers: 2, bidirectional: true, returnState: true, seed: 1 });
    const sizes = stateSizes(5);
    const x = tf.input({ shape: [4, 3] });
    const states = sizes.map((columns) => tf.input({ shape: [4, columns] }));
    const outputs = layer.apply([x, ...states]) as tf.SymbolicTensor[];
    expect(outputs.map(({ shape }) => shape)).to.deep.equal([
      [null, 4, 2 * sizes[0]!],
      ...sizes.map((columns) => [null, 4, columns]),
    ]);
    const model = tf.model({ inputs: [x, ...states], outputs });
    await tidied(async () => {
      const given = randomStates(variant, 5, 70, 4);
      const inputs = [tf.randomNormal([70, 4, 3]), ...given];
      const [output, ...finals] = model.predict(inputs, { batchSize: 32 }) as tf.Tensor[];
      const expected = forward(layer, inputs[0]!, { states: given.map(batchLeading) });
      await expectClose(output!, expected.output);
      for (const [i, state] of finals.entries()) await expectClose(batchLeading(state), expected.states[i]!);
    });
    model.dispose();
  });

  it('knows the shapes of its outputs before it runs', () => {
    const [size, ...others] = stateSizes(5) as [number, ...number[]];
    const shapes = (args: object, input: tf.Shape = [null, 4, 3]) =>
      make({ hiddenSize: 5, numLayers: 3, ...args }).computeOutputShape(input);
    expect(shapes({})).to.deep.equal([null, 4, size]);
    expect(shapes({ bidirectional: true })).to.deep.equal([null, 4, 2 * size]);
    expect(shapes({ returnSequences: false, bidirectional: true })).to.deep.equal([null, 2 * size]);
    expect(shapes({ batchFirst: false }, [4, null, 3])).to.deep.equal([4, null, size]);
    expect(shapes({ returnState: true, batchFirst: false }, [4, 7, 3])).to.deep.equal([
      [4, 7, size],
      ...[size, ...others].map((columns) => [7, 3, columns]),
    ]);
  });

  it('reads its states from another recurrent layer of the model', async () => {
    const encoder = make({ name: 'encoder', hiddenSize: 4, returnState: true, seed: 2 });
    const decoder = make({ name: 'decoder', hiddenSize: 4, seed: 3 });
    const [source, target] = [tf.input({ shape: [5, 3] }), tf.input({ shape: [2, 6] })];
    const [, ...states] = encoder.apply(source) as tf.SymbolicTensor[];
    const model = tf.model({
      inputs: [source, target],
      outputs: decoder.apply([target, ...states]) as tf.SymbolicTensor,
    });
    await tidied(async () => {
      const [a, b] = [tf.randomNormal([3, 5, 3]), tf.randomNormal([3, 2, 6])];
      const { states: carried } = forward(encoder, a);
      await expectClose(model.predict([a, b]) as tf.Tensor, forward(decoder, b, { states: carried }).output);
    });
    model.dispose();
  });

  it('works inside tf.layers.timeDistributed', async () => {
    const inner = make({ hiddenSize: 3, returnSequences: false, seed: 4 });
    const model = tf.sequential({
      layers: [
        tf.layers.timeDistributed({ layer: inner, inputShape: [2, 5, 4] }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    await tidied(async () => {
      const x = tf.randomNormal([3, 2, 5, 4]);
      const [first, second] = tf.unstack(x, 1).map((part) => inner.apply(part) as tf.Tensor);
      const wrapped = (model.layers[0] as tf.layers.Layer).apply(x) as tf.Tensor;
      await expectClose(wrapped, tf.stack([first!, second!], 1));
      expect((model.predict(x) as tf.Tensor).shape).to.deep.equal([3, 2, 1]);
    });
    model.dispose();
  });

  it('ignores the mask that tf.layers.timeDistributed passes to the wrapped layer', async () => {
    const inner = make({ hiddenSize: 3, returnSequences: false, seed: 4 });
    inner.ensureBuilt(4);
    const wrapper = tf.layers.timeDistributed({ layer: inner });
    await tidied(async () => {
      const x = tf.randomNormal([3, 5, 5, 4]);
      const mask = tf.tensor2d(
        new Array(15).fill(0).map((_, i) => i % 5 === 0),
        [3, 5],
        'bool',
      );
      await expectSame(wrapper.apply(x, { mask }) as tf.Tensor, wrapper.apply(x) as tf.Tensor);
    });
    wrapper.dispose();
  });

  it('runs twice in one model with shared weights', async () => {
    const layer = make({ hiddenSize: 3, returnSequences: false, seed: 5 });
    const [a, b] = [tf.input({ shape: [4, 2] }), tf.input({ shape: [6, 2] })];
    const outputs = [layer.apply(a), layer.apply(b)] as tf.SymbolicTensor[];
    const model = tf.model({ inputs: [a, b], outputs });
    expect(model.weights.length).to.equal(layer.torchShapes(2).size);
    await tidied(async () => {
      const [x, y] = [tf.randomNormal([3, 4, 2]), tf.randomNormal([3, 6, 2])];
      const [p, q] = model.predict([x, y]) as tf.Tensor[];
      await expectClose(p!, layer.apply(x) as tf.Tensor);
      await expectClose(q!, layer.apply(y) as tf.Tensor);
    });
    model.dispose();
    layer.dispose(); // tf.layers counts one reference per use
  });

  it('drops elements between layers in training only, with the mean kept', async () => {
    const layer = make({ hiddenSize: 40, numLayers: 2, dropout: 0.4, seed: 6 });
    await tidied(async () => {
      const x = tf.randomNormal([50, 3, 7]);
      const [quiet, again] = [layer.apply(x), layer.apply(x, { training: false })] as tf.Tensor[];
      await expectSame(quiet!, again!);
      const [first, second] = [
        layer.apply(x, { training: true }),
        layer.apply(x, { training: true }),
      ] as tf.Tensor[];
      expect(maxDifference(await first!.data(), await second!.data())).to.be.above(1e-3);
      expect(
        await tf.mean(tf.abs(tf.sub(tf.mean(first!, [0, 1]), tf.mean(quiet!, [0, 1])))).array(),
      ).to.be.below(0.05);
    });
    layer.dispose();
  });

  it('keeps the states of each layer apart when dropout acts between them', async () => {
    const layer = make({ hiddenSize: 5, numLayers: 2, dropout: 0.5, returnState: true, seed: 6 });
    await tidied(async () => {
      const inputs = [tf.randomNormal([4, 3, 7]), ...randomStates(variant, 5, 4, 2)];
      const [, ...quiet] = layer.apply(inputs) as tf.Tensor[];
      const [, ...dropped] = layer.apply(inputs, { training: true }) as tf.Tensor[];
      for (const [i, state] of dropped.entries()) {
        const [[first, second], [same, other]] = [state, quiet[i]!].map((each) => tf.unstack(each, 1)) as [
          tf.Tensor[],
          tf.Tensor[],
        ];
        await expectClose(first!, same!);
        expect(maxDifference(await second!.data(), await other!.data())).to.be.above(1e-3);
      }
    });
    layer.dispose();
  });

  it('starts each layer from its own states when dropout acts between them', async () => {
    const layer = make({ hiddenSize: 5, numLayers: 2, dropout: 1, returnState: true, seed: 6 });
    await tidied(async () => {
      const x = tf.randomNormal([4, 3, 7]);
      const [a, b] = [1, 2].map(() => randomStates(variant, 5, 4, 2).map((state) => tf.split(state, 2, 1)));
      /** The final h of the second layer, which at dropout: 1 depends on nothing but its own initial states. */
      const secondFrom = (first: tf.Tensor[][], second: tf.Tensor[][]) => {
        const states = first.map(([row], i) => tf.concat([row!, second[i]![1]!], 1));
        const [, hn] = layer.apply([x, ...states], { training: true }) as tf.Tensor[];
        return tf.unstack(hn!, 1)[1]!;
      };
      await expectSame(secondFrom(b!, a!), secondFrom(a!, a!));
      expect(maxDifference(await secondFrom(a!, b!).data(), await secondFrom(a!, a!).data())).to.be.above(
        1e-3,
      );
    });
    layer.dispose();
  });

  it('zeroes everything between layers at dropout: 1', async () => {
    const layer = make({ hiddenSize: 3, numLayers: 2, dropout: 1, seed: 6 });
    await tidied(async () => {
      const run = () => layer.apply(tf.randomNormal([2, 4, 5]), { training: true }) as tf.Tensor;
      await expectSame(run(), run());
    });
    layer.dispose();
  });

  it('leaves an unbuilt layer unbuilt when its first call throws', () => {
    const layer = make({ hiddenSize: 3 });
    tf.tidy(() => {
      const x = tf.zeros([2, 4, 5]);
      const states = stateSizes(3).map((columns) => tf.zeros([2, 1, columns]));
      for (const call of [
        () => layer.apply([x, tf.zeros([2, 1, 7]), ...states.slice(1)]),
        () => layer.apply([x, ...states.slice(1), tf.zeros([2, 1, 7])]),
        () => layer.apply(x, { lengths: [9, 1] }),
        () => layer.forward(x, { lengths: [9, 1] }),
        () => layer.forward(x, { h0: tf.zeros([1, 2, 7]) }),
        () => layer.forward(tf.zeros([2, 0, 5])),
        () => layer.apply(x, { mask: tf.tensor2d([0, 1, 1, 1, 1, 1, 1, 1], [2, 4], 'bool') }),
      ])
        expect(call).to.throw(RangeError, new RegExp(`^${module}\\.(apply|forward): `));
    });
    expect([layer.built, layer.weights.length, layer.inputSize]).to.deep.equal([false, 0, undefined]);
  });

  it('disposes no tensor of the caller and leaks none when it throws', () => {
    const layer = layerOf(fixture);
    const x = toTensor(fixture.x);
    const states = stateSizes(H).map((columns) => tf.zeros([B, stack, columns]));
    const wrong = tf.zeros([B, stack, H + 1]);
    const before = tf.memory().numTensors;
    for (const [i, name] of stateNames.entries()) {
      const columns = states[i]!.shape[2];
      expect(() => layer.apply([x, ...states.map((state, k) => (k === i ? wrong : state))])).to.throw(
        RangeError,
        `${module}.apply: ${name}: expected shape [${B}, ${stack}, ${columns}]`,
      );
      expect(() => layer.forward(x, { [name]: wrong })).to.throw(RangeError, `${module}.forward: ${name}`);
    }
    expect(() => layer.apply(x, { lengths: [1] })).to.throw(RangeError, `${module}.apply: lengths`);
    expect(() => layer.apply([x, ...states, wrong])).to.throw(
      RangeError,
      `${module}.apply: inputs: expected [x, ${stateNames.join(', ')}], got ${states.length + 2} tensors`,
    );
    expect(tf.memory().numTensors).to.equal(before);
    tf.dispose([x, wrong, ...states]);
    layer.dispose();
  });
});

describe('apply', () => {
  for (const { title, make, module } of EVERY_LAYER) {
    it(`of ${title} refuses a symbolic call with batchFirst: false or lengths`, () => {
      const x = tf.input({ shape: [4, 2] });
      const timeMajor = make({ hiddenSize: 3, batchFirst: false });
      expect(() => timeMajor.apply(x)).to.throw(
        RangeError,
        `${module}.apply: batchFirst: expected true inside a model, got false. tf models count samples on axis 0`,
      );
      expect(() => make({ hiddenSize: 3 }).apply(x, { lengths: [1] })).to.throw(
        TypeError,
        `${module}.apply: lengths: expected none in a symbolic call, got [1]. Inside a model lengths travel as a mask: lengthMask().apply([x, lengths])`,
      );
    });
  }
});
