import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram, TorchProgram } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { call, INT64, type ProgramSpec, programBytes } from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';
import { tidied } from '../../support/tidied.js';

const LEAF = { type: null, context: null, children_spec: [] };
const node = (type: string, context: string, children: readonly object[]) => ({
  type,
  context,
  children_spec: children,
});
const tuple = (...children: object[]) => node('builtins.tuple', 'null', children);
const dict = (keys: readonly string[], ...children: object[]) =>
  node('builtins.dict', JSON.stringify(keys), children);
const tree = (root: object) => JSON.stringify([1, root]);

/** `forward(x, pair, options, k, *, y, scale)` with a list, a dict, an open number, and two frozen values. */
const NESTED: ProgramSpec = {
  inputs: [
    ['x', ['b', 2]],
    ['a', ['b', 2]],
    ['c', ['b', 2]],
    ['y', ['b', 2]],
  ],
  calls: [
    call('spec.plus.default', { self: 'x', other: 'a' }, ['s', ['b', 2]]),
    call('spec.times.default', { self: 's', other: 'c' }, ['t', ['b', 2]]),
    call('spec.plus.default', { self: 't', other: 'y' }, ['u', ['b', 2]]),
  ],
  outputs: ['u', { as_none: true }, { as_int: 3 }, 's'],
  change: ({ graph_module: { graph, signature, module_call_graph } }) => {
    const frozen = [
      { name: 'mode', value: { as_string: 'fast' } },
      { name: 'scale', value: { as_float: 2 } },
    ];
    signature.input_specs.splice(3, 0, { constant_input: frozen[0] });
    graph.inputs.splice(3, 0, { as_string: 'fast' });
    signature.input_specs.push({ constant_input: frozen[1] });
    graph.inputs.push({ as_float: 2 });
    Object.assign(module_call_graph[0].signature, {
      in_spec: tree(
        tuple(
          tuple(LEAF, node('builtins.list', 'null', [LEAF, dict(['c'], LEAF)]), LEAF),
          dict(['y', 'scale'], LEAF, LEAF),
        ),
      ),
      out_spec: tree(dict(['out', 'rest'], LEAF, tuple(LEAF, LEAF, dict(['sum'], LEAF)))),
      forward_arg_names: ['x', 'pair', 'mode', 'y', 'scale'],
    });
  },
};

async function valuesOf(value: unknown): Promise<number[]> {
  return Array.from(await (value as tf.Tensor).data());
}

async function withProgram(
  spec: ProgramSpec,
  body: (program: TorchProgram, x: tf.Tensor) => Promise<void>,
): Promise<void> {
  const program = await readExportedProgram(programBytes(spec));
  try {
    await tidied(() => body(program, tf.tensor2d([1, 2, 3, 4], [2, 2])));
  } finally {
    program.dispose();
  }
}

describeEachBackend("a program's call in torch's structure", () => {
  before(registerSpecOps);

  it('takes lists, dicts and keyword arguments, and returns them', () =>
    withProgram(NESTED, async (program, x) => {
      const result = program.forward(x, [x, { c: x }], 'fast', { y: x, scale: 2 }) as {
        out: tf.Tensor;
        rest: [null, number, { sum: tf.Tensor }];
      };
      expect(Object.keys(result)).to.deep.equal(['out', 'rest']);
      expect(await valuesOf(result.out)).to.deep.equal([3, 10, 21, 36]);
      const [none, three, { sum }] = result.rest;
      expect([none, three]).to.deep.equal([null, 3]);
      expect(await valuesOf(sum)).to.deep.equal([2, 4, 6, 8]);
    }));

  it('takes frozen values where they are left out, also before keyword arguments', () =>
    withProgram(NESTED, async (program, x) => {
      const { out } = program.forward(x, [x, { c: x }], { y: x }) as { out: tf.Tensor };
      expect(await valuesOf(out)).to.deep.equal([3, 10, 21, 36]);
    }));

  it('lists what it takes and returns, by the paths of the structure', () =>
    withProgram(NESTED, async (program) => {
      const tensor = { shape: ['b', 2], dtype: 'float32' };
      expect(program.inputs).to.deep.equal([
        { name: 'x', ...tensor },
        { name: 'pair.0', ...tensor },
        { name: 'pair.1.c', ...tensor },
        { name: 'mode', frozen: 'fast' },
        { name: 'y', ...tensor },
        { name: 'scale', frozen: 2 },
      ]);
      expect(program.outputs).to.deep.equal([
        { name: 'out', ...tensor },
        { name: 'rest.0' },
        { name: 'rest.1' },
        { name: 'rest.2.sum', ...tensor },
      ]);
    }));

  it('describes its calls', () =>
    withProgram(NESTED, async (program) => {
      expect(program.describe()[0]).to.deep.equal({
        target: 'spec.plus.default',
        inputs: ['x', 'a'],
        outputs: [{ name: 's', shape: ['b', 2], dtype: 'float32' }],
        module: undefined,
        source: 'model.py:3: torch.ops.spec.plus.default()',
      });
    }));

  const misuses: readonly (readonly [
    what: string,
    args: (x: tf.Tensor) => unknown[],
    error: typeof TypeError | typeof RangeError,
    text: string,
  ])[] = [
    ['a value in place of a tensor', () => [3, 3], TypeError, 'pair: expected a list of 2, got 3'],
    [
      'a missing tensor',
      (x) => [x, [x, { c: x }], 'fast', {}],
      TypeError,
      'TorchProgram.forward: y: expected a tensor, got undefined',
    ],
    [
      'another frozen value',
      (x) => [x, [x, { c: x }], 'slow', { y: x }],
      RangeError,
      'mode: expected "fast", got "slow". It is part of the program: export the model again with the other value',
    ],
    [
      'another frozen keyword argument',
      (x) => [x, [x, { c: x }], 'fast', { y: x, scale: 3 }],
      RangeError,
      'scale: expected 2, got 3',
    ],
    [
      'an unknown keyword argument',
      (x) => [x, [x, { c: x }], 'fast', { z: x }],
      RangeError,
      'keyword arguments: expected an object with "y", "scale", got the key "z"',
    ],
    ['a list of another length', (x) => [x, [x]], RangeError, 'pair: expected a list of 2, got one of 1'],
    [
      'another key',
      (x) => [x, [x, { d: x }]],
      RangeError,
      'pair[1]: expected an object with "c", got the key "d"',
    ],
    ['a list in place of a dict', (x) => [x, [x, [x]]], TypeError, 'pair[1]: expected an object with "c"'],
    [
      'too many arguments',
      (x) => [x, [x, { c: x }], 'fast', { y: x }, x],
      RangeError,
      'arguments: expected 3 (x, pair, mode), and an object of keyword arguments, got 5. One that the export left at its default is part of the program: export the model with it',
    ],
    [
      'a disposed tensor',
      (x) => {
        const gone = x.clone();
        gone.dispose();
        return [x, [x, { c: gone }], { y: x }];
      },
      RangeError,
      'TorchProgram.forward: pair.1.c: expected a live tensor, got a disposed one',
    ],
    [
      'another dtype',
      (x) => [tf.cast(x, 'int32'), [x, { c: x }], { y: x }],
      TypeError,
      "x: expected dtype float32, got int32. tf.cast(x, 'float32') converts it",
    ],
    [
      'another size',
      (x) => [tf.zeros([2, 3]), [x, { c: x }], { y: x }],
      RangeError,
      'x: expected shape [b, 2], got [2, 3]. Axis 1 was fixed when the model was exported: by plain torch.export.export (torch_rnn_export.export leaves it open), by a Python loop over it (nn.GRU, nn.LSTM and nn.RNN take any number of steps), or by the model itself, which then takes no other size',
    ],
    [
      'another size of the same symbol',
      (x) => [x, [tf.zeros([3, 2]), { c: x }], { y: x }],
      RangeError,
      'pair.0: expected shape [b, 2], got [3, 2]. b is 2 in x',
    ],
    [
      'another rank',
      (x) => [tf.zeros([2]), [x, { c: x }], { y: x }],
      RangeError,
      'x: expected shape [b, 2], got [2]',
    ],
  ];

  for (const [what, args, error, text] of misuses)
    it(`refuses ${what}`, () =>
      withProgram(NESTED, async (program, x) => {
        const given = args(x);
        const { numTensors } = tf.memory();
        expect(() => program.forward(...given)).to.throw(error, text);
        expect(tf.memory().numTensors).to.equal(numTensors);
      }));

  it('refuses unknown options, and training that is no boolean', () =>
    withProgram(NESTED, async (program, x) => {
      const args = [x, [x, { c: x }], { y: x }];
      expect(() => program.forwardWith({ train: true } as object, ...args)).to.throw(
        TypeError,
        'unknown option "train"',
      );
      expect(() => program.forwardWith({ training: 1 as unknown as boolean }, ...args)).to.throw(
        TypeError,
        'TorchProgram.forward: training: expected a boolean',
      );
    }));

  it('says what fixes a size of 1, and one on a later axis', () =>
    withProgram(
      {
        inputs: [['x', [1, 'n', 3]]],
        calls: [call('spec.plus.default', { self: 'x', other: 'x' }, ['y', [1, 'n', 3]])],
        outputs: ['y'],
      },
      async (program) => {
        expect(() => program.forward(tf.zeros([2, 4, 3]))).to.throw(
          RangeError,
          'x: expected shape [1, n, 3], got [2, 4, 3]. Axis 0 was fixed when the model was exported, since the sample had size 1 there: export it with torch_rnn_export.export and a sample of 2 or more on this axis',
        );
        expect(() => program.forward(tf.zeros([1, 4, 5]))).to.throw(
          RangeError,
          'got [1, 4, 5]. Axis 2 was fixed when the model was exported, as all behind the first two are without dynamic_shapes: where the model takes other sizes, export it with dynamic_shapes that name this axis too',
        );
      },
    ));

  it('takes numbers that are open, and holds sizes to their range', () =>
    withProgram(
      {
        inputs: [['x', ['b', 2]]],
        calls: [
          call('spec.plus.default', { self: 'x', other: { as_sym_int: { as_name: 'n' } } }, ['y', ['b', 2]]),
        ],
        outputs: ['y'],
        change: (json) => {
          const { graph, signature, module_call_graph } = json.graph_module;
          graph.inputs.push({ as_sym_int: { as_name: 'n' } });
          signature.input_specs.push({ user_input: { arg: { as_sym_int: { as_name: 'n' } } } });
          module_call_graph[0].signature.in_spec = tree(tuple(tuple(LEAF, LEAF), dict([])));
          json.range_constraints = { b: { min_val: 2, max_val: 3 } };
        },
      },
      async (program, x) => {
        expect(program.inputs[1]).to.deep.equal({ name: '1' });
        expect(await valuesOf(program.forward(x, 10))).to.deep.equal([11, 12, 13, 14]);
        expect(() => program.forward(x)).to.throw(TypeError, '1: expected a number, got undefined');
        expect(() => program.forward(tf.zeros([4, 2]), 1)).to.throw(
          RangeError,
          'x: expected shape [b, 2], got [4, 2]. The model was exported for b of at most 3',
        );
        // torch writes a bound of 2 for every open size.
        expect((program.forward(tf.zeros([1, 2]), 1) as tf.Tensor).shape).to.deep.equal([1, 2]);
      },
    ));

  it('follows training where a call was exported for it, or keeps it fixed', async () => {
    const spec: ProgramSpec = {
      inputs: [['x', ['b', 2]]],
      calls: [call('spec.training.default', { self: 'x', train: { as_bool: true } }, ['y', ['b', 2]])],
      outputs: ['y'],
    };
    await withProgram(spec, async (program, x) => {
      expect(await valuesOf(program.forward(x))).to.deep.equal([1, 2, 3, 4]);
      expect(await valuesOf(program.forwardWith({ training: true }, x))).to.deep.equal([101, 102, 103, 104]);
      expect(await valuesOf(program.apply(x, { training: true }))).to.deep.equal([101, 102, 103, 104]);
    });
    const fixed = await readExportedProgram(programBytes(spec), { trainFlags: 'fixed' });
    await tidied(async () => {
      expect(await valuesOf(fixed.forward(tf.zeros([1, 2])))).to.deep.equal([100, 100]);
    });
    fixed.dispose();
  });

  it('has int64 as int32, and refuses a value that does not fit', async () => {
    const spec = (value: number): ProgramSpec => ({
      stored: [{ kind: 'buffer', name: 'ids', tensor: ['b_ids', [2], INT64], values: [1, value] }],
      inputs: [['x', ['b', 2], INT64]],
      calls: [call('spec.plus.default', { self: 'x', other: 'b_ids' }, ['y', ['b', 2], INT64])],
      outputs: ['y'],
    });
    await withProgram(spec(2 ** 31 - 1), async (program) => {
      const y = program.forward(tf.tensor2d([[1, 0]], [1, 2], 'int32')) as tf.Tensor;
      expect(await valuesOf(y)).to.deep.equal([2, 2 ** 31 - 1]);
    });
    const error = await readExportedProgram(programBytes(spec(2 ** 31))).catch((caught) => caught);
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal(
      'TorchProgram: tensor "ids": expected I64 values in the range of int32, got 2147483648n',
    );
  });

  it('is made of an object alone', () => {
    for (const nothing of [null, undefined, 3])
      expect(() => new TorchProgram(nothing as never)).to.throw(
        TypeError,
        `TorchProgram: args: expected an object, got ${nothing}`,
      );
  });

  it('is used up by dispose', async () => {
    const program = await readExportedProgram(
      programBytes({ inputs: [['x', ['b', 2]]], calls: [], outputs: ['x'] }),
    );
    program.dispose();
    expect(() => tf.tidy(() => program.forward(tf.zeros([1, 2])) as tf.Tensor)).to.throw('already disposed');
  });
});
