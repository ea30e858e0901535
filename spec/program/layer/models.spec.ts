import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadStateDict, UnsupportedError } from '../../../src/index.js';
import { readExportedProgram, type TorchProgram } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectClose } from '../../support/expect-same.js';
import { call, INT64, type ProgramSpec, programBytes } from '../../support/program-files.js';
import { registerSpecOps, runs } from '../../support/program-ops.js';
import { readProgram } from '../../support/programs.js';
import { reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';

/** `y = 2 * x * w + mean`, where `mean` moves in training; beside it a value that no model can cut. */
const MOVING: ProgramSpec = {
  stored: [
    { kind: 'parameter', name: 'w', tensor: ['p_w', [2]], values: [1, 2], requiresGrad: true },
    { kind: 'buffer', name: 'mean', tensor: ['b_mean', [2]], values: [0, 0] },
  ],
  inputs: [['x', ['b', 2]]],
  calls: [
    call('spec.double.default', { self: 'x' }, ['d', ['b', 2]]),
    call('spec.times.default', { self: 'd', other: 'p_w' }, ['p', ['b', 2]]),
    call('spec.track.default', { self: 'p', mean: 'b_mean', train: { as_bool: true } }, ['y', ['b', 2]]),
    call('spec.plus.default', { self: 'b_mean', other: 'p_w' }, ['whole', [2]]),
  ],
  outputs: ['y', 'p', 'whole'],
};

const STATES = [
  [5, 3],
  [4, 4],
] as const;

function inputsOf(): tf.SymbolicTensor[] {
  return STATES.map((shape) => tf.input({ shape: [...shape] }));
}

/** tfjs counts a use for each call of a layer in a model, and a model gives back one. */
function disposeWhole(layer: tf.layers.Layer): void {
  while (layer.dispose().refCountAfterDispose > 0);
}

describeEachBackend('programs in models', () => {
  before(registerSpecOps);

  async function withProgram(
    read: () => Promise<TorchProgram>,
    body: (program: TorchProgram) => Promise<void>,
  ): Promise<void> {
    const program = await read();
    try {
      await tidied(() => body(program));
    } finally {
      disposeWhole(program);
    }
  }

  const moving = () => readExportedProgram(programBytes(MOVING));

  it('take states with the batch first, eagerly and in a model, and give them so', () =>
    withProgram(
      () => readProgram('states'),
      async (program) => {
        const [x, h0] = [tf.randomNormal([3, 5, 3]), tf.randomNormal([3, 4, 4])];
        const [output, hn] = program.forward(x, tf.transpose(h0, [1, 0, 2])) as [tf.Tensor, tf.Tensor];
        const expected = [output, tf.transpose(hn, [1, 0, 2])];
        const eager = program.apply([x, h0]) as tf.Tensor[];
        const inputs = inputsOf();
        const symbolic = program.apply(inputs) as tf.SymbolicTensor[];
        expect(symbolic.map(({ shape }) => shape)).to.deep.equal([
          [null, 5, 8],
          [null, 4, 4],
        ]);
        const model = tf.model({ inputs, outputs: symbolic });
        const predicted = model.predict([x, h0], { batchSize: 2 }) as tf.Tensor[];
        for (const i of [0, 1]) {
          await expectClose(eager[i] as tf.Tensor, expected[i] as tf.Tensor);
          await expectClose(predicted[i] as tf.Tensor, expected[i] as tf.Tensor);
        }
        model.dispose();
      },
    ));

  it('stand between other layers, train, and are saved and loaded with their weights', () =>
    withProgram(
      () => readProgram('states', { name: 'encoder' }),
      async (program) => {
        const inputs = inputsOf();
        const output = program.apply(inputs, { outputs: ['0'] }) as tf.SymbolicTensor;
        const dense = tf.layers.dense({ units: 2 });
        const model = tf.model({ inputs, outputs: dense.apply(output) as tf.SymbolicTensor });
        model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
        const data = STATES.map((shape) => tf.randomNormal([4, ...shape]));
        const target = tf.randomNormal([4, 5, 2]);
        const before = await program.weights[0]?.read().data();
        const { history } = await model.fit(data, target, { epochs: 3, verbose: 0 });
        const losses = history.loss as number[];
        expect(losses[2]).to.be.below(losses[0] as number);
        expect(await program.weights[0]?.read().data()).to.not.deep.equal(before);
        const copy = await reloaded(model);
        expect(copy.weights.map(({ originalName }) => originalName)).to.include(
          'encoder/gru.weight_hh_l1_reverse',
        );
        await expectClose(copy.predict(data) as tf.Tensor, model.predict(data) as tf.Tensor);
        const evaluated = model.evaluate(data, target) as tf.Tensor;
        expect((await evaluated.data())[0]).to.be.below(losses[2] as number);
        copy.dispose();
        model.dispose();
        model.optimizer.dispose();
      },
    ));

  it('keep the outputs that each call picks, also when they are loaded', () =>
    withProgram(moving, async (program) => {
      const input = tf.input({ shape: [2] });
      const y = program.apply(input, { outputs: ['0'] }) as tf.SymbolicTensor;
      const [p, again] = program.apply(y, { outputs: ['1', '0'] }) as tf.SymbolicTensor[];
      const model = tf.model({
        inputs: input,
        outputs: [y, p as tf.SymbolicTensor, again as tf.SymbolicTensor],
      });
      const copy = await reloaded(model);
      const x = tf.tensor2d([[1, 1]]);
      for (const each of [model, copy]) {
        const results = each.predict(x) as tf.Tensor[];
        const values = await Promise.all(results.map((result) => result.data()));
        expect(values.map((value) => [...value])).to.deep.equal([
          [2, 4],
          [4, 16],
          [4, 16],
        ]);
      }
      for (const layer of copy.layers)
        if (layer.getClassName() === program.getClassName()) disposeWhole(layer);
      model.dispose();
    }));

  it('run once for all outputs that a model uses', () =>
    withProgram(moving, async (program) => {
      const input = tf.input({ shape: [2] });
      const model = tf.model({
        inputs: input,
        outputs: program.apply(input, { outputs: ['0', '1'] }) as tf.SymbolicTensor[],
      });
      runs.double = 0;
      model.predict(tf.ones([3, 2]));
      expect(runs.double).to.equal(1);
      model.predict(tf.ones([3, 2]));
      expect(runs.double).to.equal(2);
      model.dispose();
    }));

  it('move their buffers once for each batch of fit, and not in predict', () =>
    withProgram(moving, async (program) => {
      const input = tf.input({ shape: [2] });
      const outputs = program.apply(input, { outputs: ['0', '1'] }) as tf.SymbolicTensor[];
      const model = tf.model({ inputs: input, outputs });
      model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
      const mean = program.weights[1] as tf.LayerVariable;
      const x = tf.ones([4, 2]);
      model.predict(x);
      expect([...(await mean.read().data())]).to.deep.equal([0, 0]);
      await model.fit(x, [x, x], { batchSize: 2, epochs: 1, verbose: 0 });
      // Two batches of two rows `[2, 4]`.
      expect([...(await mean.read().data())]).to.deep.equal([24, 24]);
      model.dispose();
      model.optimizer.dispose();
    }));

  it('train their parameters alone', () =>
    withProgram(moving, async (program) => {
      expect(program.trainableWeights.map(({ originalName }) => originalName)).to.deep.equal([
        `${program.name}/w`,
      ]);
      expect(program.nonTrainableWeights.map(({ originalName }) => originalName)).to.deep.equal([
        `${program.name}/mean`,
      ]);
      program.trainable = false;
      expect(program.trainableWeights).to.deep.equal([]);
    }));

  it('stand twice in one model, and beside another program', () =>
    withProgram(moving, (first) =>
      withProgram(moving, async (second) => {
        const input = tf.input({ shape: [2] });
        const y = first.apply(input, { outputs: ['0'] }) as tf.SymbolicTensor;
        const z = second.apply(y, { outputs: ['1'] }) as tf.SymbolicTensor;
        const model = tf.model({
          inputs: input,
          outputs: first.apply(z, { outputs: ['1'] }) as tf.SymbolicTensor,
        });
        const result = model.predict(tf.ones([1, 2])) as tf.Tensor;
        expect([...(await result.data())]).to.deep.equal([8, 64]);
        expect(model.weights).to.have.length(4);
        model.dispose();
      }),
    ));

  it('run inside a model that is itself a layer, and in a sequential one', () =>
    withProgram(
      () => readExportedProgram(programBytes({ ...MOVING, outputs: ['y'] })),
      async (program) => {
        const inner = tf.sequential();
        inner.add(tf.layers.activation({ activation: 'linear', inputShape: [2] }));
        inner.add(program);
        const input = tf.input({ shape: [2] });
        const model = tf.model({ inputs: input, outputs: inner.apply(input) as tf.SymbolicTensor });
        expect([...(await (model.predict(tf.ones([1, 2])) as tf.Tensor).data())]).to.deep.equal([2, 4]);
        model.dispose();
      },
    ));

  it('refuse outputs and inputs that a model cannot cut, and say how to leave them out', () =>
    withProgram(moving, async (program) => {
      const input = tf.input({ shape: [2] });
      expect(() => program.apply(input)).to.throw(
        UnsupportedError,
        'TorchProgram.apply: output 2: expected the batch b on axis 0 in a model, got [2]. ' +
          'Pick others with { outputs: [...] }, or call forward',
      );
      expect((program.apply(tf.ones([1, 2])) as tf.Tensor[])[2]?.shape).to.deep.equal([2]);
      expect(() => program.apply(input, { outputs: ['3'] })).to.throw(
        RangeError,
        'outputs: expected names of outputs ("0", "1", "2"), got "3"',
      );
      expect(() => program.apply([input, input])).to.throw(RangeError, 'inputs: expected [x], got 2 tensors');
      expect(() => program.apply(tf.input({ shape: [3] }), { outputs: ['0'] })).to.throw(
        RangeError,
        'x: expected shape [b, 2], got [?, 3]',
      );
      expect(() => program.apply(tf.input({ shape: [2], dtype: 'int32' }), { outputs: ['0'] })).to.throw(
        TypeError,
        "x: expected dtype float32, got int32. Make the input with tf.input({ shape, dtype: 'float32' })",
      );
      expect(() => program.apply(input, { training: true })).to.throw(TypeError, 'fit and predict set it');
    }));

  it('refuse a frozen batch in a model', () =>
    withProgram(
      () =>
        readExportedProgram(
          programBytes({
            inputs: [['x', [2, 3]]],
            calls: [call('spec.double.default', { self: 'x' }, ['y', [2, 3]])],
            outputs: ['y'],
          }),
        ),
      async (program) => {
        expect(() => program.apply(tf.input({ shape: [3] }))).to.throw(
          UnsupportedError,
          'input x: expected the batch, an open size, on axis 0 in a model, got [2, 3]. ' +
            'Export it with torch_rnn_export.export, or with dynamic_shapes, from a sample of two rows or more; or call forward',
        );
        expect((program.apply(tf.ones([2, 3])) as tf.Tensor).shape).to.deep.equal([2, 3]);
      },
    ));

  it('take one number a row as [B] or [B, 1], since tfjs feeds no [B]', () =>
    withProgram(
      () =>
        readExportedProgram(
          programBytes({
            inputs: [
              ['x', ['b', 2]],
              ['lengths', ['b'], INT64],
            ],
            calls: [call('spec.plus.default', { self: 'lengths', other: 'lengths' }, ['y', ['b'], INT64])],
            outputs: ['y'],
          }),
        ),
      async (program) => {
        const inputs = [tf.input({ shape: [2] }), tf.input({ shape: [1], dtype: 'int32' })];
        const model = tf.model({ inputs, outputs: program.apply(inputs) as tf.SymbolicTensor });
        const lengths = tf.tensor2d([[1], [2]], [2, 1], 'int32');
        const y = model.predict([tf.ones([2, 2]), lengths]) as tf.Tensor;
        expect([y.dtype, [...(await y.data())]]).to.deep.equal(['int32', [2, 4]]);
        const eager = program.apply([tf.ones([2, 2]), tf.squeeze(lengths, [1])]) as tf.Tensor;
        expect([...(await eager.data())]).to.deep.equal([2, 4]);
        model.dispose();
      },
    ));

  it('are loaded and written by name inside a model', () =>
    withProgram(
      () => readProgram('states', { name: 'encoder' }),
      async (program) => {
        const inputs = inputsOf();
        const model = tf.model({ inputs, outputs: program.apply(inputs) as tf.SymbolicTensor[] });
        const key = 'encoder.gru.bias_ih_l0';
        const values = new Float32Array(12).fill(3);
        const report = loadStateDict(
          model,
          new Map([[key, { dtype: 'F32' as const, shape: [12], data: values }]]),
          { strict: false, onWarnings: () => {} },
        );
        expect(report.loaded).to.deep.equal([key]);
        const weight = program.weights.find(({ originalName }) => originalName.endsWith('gru.bias_ih_l0'));
        expect([...(await (weight as tf.LayerVariable).read().data())]).to.deep.equal([...values]);
        model.dispose();
      },
    ));

  it('leave nothing behind: the second of two rounds makes no tensor more than the first', () =>
    withProgram(
      () => readProgram('states'),
      async (program) => {
        const round = () =>
          tf.tidy(() => {
            const [x, h0] = [tf.ones([2, 5, 3]), tf.ones([2, 4, 4])] as const;
            tf.variableGrads(() =>
              tf.sum((program.apply([x, h0], { training: true }) as tf.Tensor[])[0] as tf.Tensor),
            );
          });
        round();
        const { numTensors, numDataBuffers } = tf.memory();
        round();
        expect([tf.memory().numTensors, tf.memory().numDataBuffers]).to.deep.equal([
          numTensors,
          numDataBuffers,
        ]);
      },
    ));
});
