import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram, type TorchProgram } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import {
  type CallSpec,
  call,
  graph,
  type ProgramSpec,
  programBytes,
  type StoredSpec,
} from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';
import { tidied } from '../../support/tidied.js';

const X = ['x', ['b', 2]] as const;
const BUFFER: StoredSpec = { kind: 'buffer', name: 'mean', tensor: ['b_mean', [2]], values: [1, 2] };

/** Runs a program on `[[1, 2], [3, 4]]`, and compares what it returns. */
async function withProgram(
  spec: Omit<ProgramSpec, 'inputs'>,
  body: (program: TorchProgram, x: tf.Tensor) => Promise<void>,
): Promise<void> {
  const program = await readExportedProgram(programBytes({ inputs: [X], ...spec }));
  try {
    await tidied(() => body(program, tf.tensor2d([1, 2, 3, 4], [2, 2])));
  } finally {
    program.dispose();
  }
}

async function valuesOf(value: unknown): Promise<number[]> {
  return Array.from(await (value as tf.Tensor).data());
}

async function bufferOf(program: TorchProgram): Promise<number[]> {
  return valuesOf(program.weights[0]?.read());
}

async function refusal(
  calls: readonly CallSpec[],
  outputs: readonly string[],
  stored: StoredSpec[] = [],
): Promise<string> {
  try {
    (await readExportedProgram(programBytes({ inputs: [X], stored, calls, outputs }))).dispose();
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

const SEEN = /expected a tensor that no other call sees, got .*Save exported\.run_decompositions\(\{\}\)/;

describeEachBackend('running a program', () => {
  before(registerSpecOps);

  it('runs calls in their order', () =>
    withProgram(
      {
        calls: [
          call('spec.double.default', { self: 'x' }, ['y', ['b', 2]]),
          call('spec.plus.default', { self: 'y', other: 'x' }, ['z', ['b', 2]]),
        ],
        outputs: ['z'],
      },
      async (program, x) => {
        expect(await valuesOf(program.forward(x))).to.deep.equal([3, 6, 9, 12]);
      },
    ));

  it('writes into a tensor for all who use it later, under either name', () =>
    withProgram(
      {
        calls: [
          call('spec.double.default', { self: 'x' }, ['y', ['b', 2]]),
          call('spec.plus_.default', { self: 'y', other: 'x' }, ['y1', ['b', 2]]),
          call('spec.plus_.default', { self: 'y', other: 'x' }, ['y2', ['b', 2]]),
          call('spec.plus.default', { self: 'y', other: 'y1' }, ['z', ['b', 2]]),
        ],
        outputs: ['z', 'y2'],
      },
      async (program, x) => {
        const [z, y] = program.forward(x) as [tf.Tensor, tf.Tensor];
        expect(await valuesOf(z)).to.deep.equal([8, 16, 24, 32]);
        expect(await valuesOf(y)).to.deep.equal([4, 8, 12, 16]);
      },
    ));

  it("leaves the caller's tensor as it is where a call writes into it", () =>
    withProgram(
      { calls: [call('spec.plus_.default', { self: 'x', other: 'x' }, ['y', ['b', 2]])], outputs: ['y'] },
      async (program, x) => {
        expect(await valuesOf(program.forward(x))).to.deep.equal([2, 4, 6, 8]);
        expect(await valuesOf(x)).to.deep.equal([1, 2, 3, 4]);
      },
    ));

  it('returns an input as a copy, and a value twice as two tensors', () =>
    withProgram(
      { calls: [call('spec.double.default', { self: 'x' }, ['y', ['b', 2]])], outputs: ['x', 'y', 'y'] },
      async (program, x) => {
        const [first, ...rest] = program.forward(x) as tf.Tensor[];
        first?.dispose();
        rest[0]?.dispose();
        expect(x.isDisposed).to.equal(false);
        expect(await valuesOf(rest[1])).to.deep.equal([2, 4, 6, 8]);
      },
    ));

  it('keeps a view alive beyond the tensor that it is the whole of', () =>
    withProgram(
      {
        calls: [
          call('spec.double.default', { self: 'x' }, ['y', ['b', 2]]),
          call('spec.same.default', { self: 'y' }, ['z', ['b', 2]]),
          call('spec.double.default', { self: 'z' }, ['u', ['b', 2]]),
        ],
        outputs: ['u', 'z'],
      },
      async (program, x) => {
        const [u, z] = program.forward(x) as [tf.Tensor, tf.Tensor];
        expect(await valuesOf(u)).to.deep.equal([4, 8, 12, 16]);
        expect(await valuesOf(z)).to.deep.equal([2, 4, 6, 8]);
      },
    ));

  it('assigns a buffer that a call writes into, once after the outputs, and reads it in the next call', () =>
    withProgram(
      {
        stored: [BUFFER],
        calls: [
          call('spec.plus_.default', { self: 'b_mean', other: 'b_mean' }, ['m', [2]]),
          call('spec.plus.default', { self: 'x', other: 'm' }, ['y', ['b', 2]]),
        ],
        outputs: ['y'],
      },
      async (program, x) => {
        expect(await valuesOf(program.forward(x))).to.deep.equal([3, 6, 5, 8]);
        expect(await bufferOf(program)).to.deep.equal([2, 4]);
        expect(await valuesOf(program.forward(x))).to.deep.equal([5, 10, 7, 12]);
      },
    ));

  it('assigns the new value that a program without writes returns beside its results', () =>
    withProgram(
      {
        stored: [BUFFER],
        calls: [
          call('spec.double.default', { self: 'b_mean' }, ['m', [2]]),
          call('spec.double.default', { self: 'x' }, ['y', ['b', 2]]),
        ],
        outputs: ['m', 'y'],
        change: ({ graph_module: { signature, module_call_graph } }) => {
          signature.output_specs[0] = { buffer_mutation: { arg: { name: 'm' }, buffer_name: 'mean' } };
          module_call_graph[0].signature.out_spec =
            '[1, {"type": null, "context": null, "children_spec": []}]';
        },
      },
      async (program, x) => {
        expect(await valuesOf(program.forward(x))).to.deep.equal([2, 4, 6, 8]);
        expect(await bufferOf(program)).to.deep.equal([2, 4]);
      },
    ));

  it('has buffers move in training alone where an op says so', () =>
    withProgram(
      {
        stored: [BUFFER],
        calls: [
          call('spec.track.default', { self: 'x', mean: 'b_mean', train: { as_bool: true } }, [
            'y',
            ['b', 2],
          ]),
        ],
        outputs: ['y'],
      },
      async (program, x) => {
        program.forward(x);
        expect(await bufferOf(program)).to.deep.equal([1, 2]);
        program.forwardWith({ training: true }, x);
        expect(await bufferOf(program)).to.deep.equal([11, 12]);
      },
    ));

  it('runs torch.no_grad() without gradients, and hands out what it has written', () =>
    withProgram(
      {
        stored: [BUFFER],
        calls: [
          call(
            'higher_order.wrap_with_set_grad_enabled',
            {
              mode: { as_bool: false },
              body: {
                as_graph: {
                  name: 'submod',
                  graph: graph(
                    [
                      ['m', [2]],
                      ['u', ['b', 2]],
                    ],
                    [
                      call('spec.plus_.default', { self: 'm', other: 'm' }, ['m1', [2]]),
                      call('spec.double.default', { self: 'u' }, ['v', ['b', 2]]),
                    ],
                    ['v'],
                  ),
                },
              },
              mean: 'b_mean',
              x: 'x',
            },
            ['v', ['b', 2]],
          ),
          call('spec.plus.default', { self: 'v', other: 'x' }, ['y', ['b', 2]]),
          call('spec.plus.default', { self: 'y', other: 'b_mean' }, ['z', ['b', 2]]),
        ],
        outputs: ['z'],
      },
      async (program, x) => {
        const gradient = tf.grad((input) => tf.sum(program.forward(input) as tf.Tensor))(x);
        expect(await valuesOf(gradient)).to.deep.equal([1, 1, 1, 1]);
        expect(await bufferOf(program)).to.deep.equal([2, 4]);
        expect(await valuesOf(program.forward(x))).to.deep.equal([7, 14, 13, 20]);
      },
    ));

  it('leaves no tensor behind where a call fails, and its buffers as they were', () =>
    withProgram(
      {
        stored: [BUFFER],
        calls: [
          call('spec.plus_.default', { self: 'b_mean', other: 'b_mean' }, ['m', [2]]),
          call('spec.double.default', { self: 'x' }, ['y', ['b', 2]]),
          call('spec.fail.default', { self: 'y' }, ['z', ['b', 2]]),
        ],
        outputs: ['z', 'y', 'm'],
      },
      async (program, x) => {
        const { numTensors } = tf.memory();
        expect(() => program.forward(x)).to.throw('as told');
        expect(tf.memory().numTensors).to.equal(numTensors);
        expect(await bufferOf(program)).to.deep.equal([1, 2]);
      },
    ));

  it('holds two values at most in a chain of calls, outside and inside of a tidy', () =>
    withProgram(
      {
        calls: Array.from({ length: 20 }, (_, i) =>
          call('spec.double.default', { self: i === 0 ? 'x' : `y${i - 1}` }, [`y${i}`, ['b', 2]]),
        ),
        outputs: ['y19'],
      },
      async (program, x) => {
        const bytes = x.size * 4;
        const { newTensors, peakBytes } = await tf.profile(() => program.forward(x) as tf.Tensor);
        expect(newTensors).to.equal(1);
        expect(peakBytes - tf.memory().numBytes).to.be.at.most(2 * bytes);
      },
    ));

  it('refuses a write into a tensor of which another call sees a part', async () => {
    const row = call('spec.row.default', { self: 'y', i: { as_int: 0 } }, ['r', [2]]);
    const double = call('spec.double.default', { self: 'x' }, ['y', ['b', 2]]);
    const write = (target: string) => call('spec.plus_.default', { self: target, other: target }, ['w', [2]]);
    const use = (name: string) => call('spec.double.default', { self: name }, ['z', [2]]);
    // Through a view, then the whole is read; into the whole, then a view is read.
    expect(await refusal([double, row, write('r'), use('y')], ['z'])).to.match(SEEN);
    expect(await refusal([double, row, write('y'), use('r')], ['z'])).to.match(SEEN);
    expect(await refusal([double, row, write('r')], ['y'])).to.match(SEEN);
    // Nobody reads the other.
    expect(await refusal([double, row, write('r'), use('w')], ['z'])).to.equal('none');
    // torch's decompositions lose where gradients stop, so they are no remedy for training.
    const stop = call(
      'higher_order.wrap_with_set_grad_enabled',
      {
        mode: { as_bool: false },
        body: {
          as_graph: {
            name: 'submod',
            graph: graph([['u', [2]]], [call('spec.double.default', { self: 'u' }, ['v', [2]])], ['v']),
          },
        },
        r: 'r',
      },
      ['s', [2]],
    );
    expect(await refusal([double, row, stop, write('r')], ['y', 's'])).to.match(
      /Make a new tensor in Python in place of the write .* gradients pass through torch\.no_grad\(\)$/,
    );
  });

  it('refuses a write through a view of a buffer, though nothing reads the buffer in the same call', async () => {
    const rows: StoredSpec = { ...BUFFER, tensor: ['b_mean', [2, 2]], values: [1, 2, 3, 4] };
    const row = call('spec.row.default', { self: 'b_mean', i: { as_int: 0 } }, ['r', [2]]);
    const write = call('spec.plus_.default', { self: 'r', other: 'r' }, ['w', [2]]);
    expect(await refusal([row, write], ['w'], [rows])).to.match(SEEN);
  });

  it('refuses a write where torch.no_grad() has returned the tensor, or a view of it', async () => {
    const within = (calls: readonly CallSpec[], output: string) =>
      call(
        'higher_order.wrap_with_set_grad_enabled',
        {
          mode: { as_bool: false },
          body: { as_graph: { name: 'submod', graph: graph([['u', [2]]], calls, [output]) } },
          b: 'b_mean',
        },
        ['s', [2]],
      );
    const write = call('spec.plus_.default', { self: 's', other: 's' }, ['w', [2]]);
    const view = call('spec.same.default', { self: 'u' }, ['v', [2]]);
    const copy = call('spec.double.default', { self: 'u' }, ['v', [2]]);
    expect(await refusal([within([], 'u'), write], ['w'], [BUFFER])).to.contain(
      'a tensor that no other call sees',
    );
    expect(await refusal([within([view], 'v'), write], ['w'], [BUFFER])).to.contain(
      'a tensor that no other call sees',
    );
    expect(await refusal([within([copy], 'v'), write], ['w'], [BUFFER])).to.equal('none');
  });

  it('says which call an error of tfjs is about', () =>
    withProgram(
      {
        stored: [{ ...BUFFER, tensor: ['b_mean', [3]], values: [1, 2, 3] }],
        calls: [call('aten.add.Tensor', { self: 'x', other: 'b_mean' }, ['y', ['b', 2]])],
        outputs: ['y'],
      },
      async (program, x) => {
        expect(() => program.forward(x)).to.throw(
          RangeError,
          /: y: aten\.add\.Tensor \(model\.py:3: .*\): expected arguments that it takes, got .*shapes/is,
        );
      },
    ));

  it('refuses results and new values that are others than the graph says', async () => {
    const attempt = (
      calls: readonly CallSpec[],
      outputs: readonly string[],
      stored: StoredSpec[],
      text: string,
    ) =>
      withProgram({ stored, calls, outputs }, async (program, x) => {
        expect(() => program.forward(x)).to.throw(RangeError, text);
      });
    const { numTensors } = tf.memory();
    const wrong = call('spec.wrong.default', { self: 'x' }, ['y', ['b', 2]]);
    await attempt([wrong], ['y'], [], 'expected a tensor as result 0');
    expect(tf.memory().numTensors).to.equal(numTensors);
    const grow = call('spec.plus_.default', { self: 'b_mean', other: 'x' }, ['y', [2]]);
    await attempt(
      [grow],
      ['y'],
      [BUFFER],
      'tensor "mean": expected a new value of float32 [2], got float32 [2, 2]',
    );
  });

  it('disposes what an op returns beyond its signature', () =>
    withProgram({ calls: [call('spec.more.default', { self: 'x' })], outputs: ['x'] }, async (program, x) => {
      const { numTensors } = tf.memory();
      tf.dispose(program.forward(x) as tf.Tensor);
      expect(tf.memory().numTensors).to.equal(numTensors);
    }));

  it('keeps the value that the graph returns of a buffer into which a call has written', () =>
    withProgram(
      {
        stored: [BUFFER],
        calls: [
          call('spec.plus_.default', { self: 'b_mean', other: 'b_mean' }, ['m', [2]]),
          call('spec.double.default', { self: 'm' }, ['n', [2]]),
        ],
        outputs: ['n', 'x'],
        change: ({ graph_module: { signature, module_call_graph } }) => {
          signature.output_specs[0] = { buffer_mutation: { arg: { name: 'n' }, buffer_name: 'mean' } };
          module_call_graph[0].signature.out_spec =
            '[1, {"type": null, "context": null, "children_spec": []}]';
        },
      },
      async (program, x) => {
        const { numTensors } = tf.memory();
        tf.dispose(program.forward(x) as tf.Tensor);
        expect(tf.memory().numTensors).to.equal(numTensors);
        expect(await bufferOf(program)).to.deep.equal([4, 8]);
      },
    ));

  it('refuses arithmetic on what is no number', async () => {
    const wrong = {
      target: '_operator.add',
      inputs: { a: 'x', b: { as_int: 1 } },
      outputs: [{ as_sym_int: { as_name: 'n' } }],
    };
    expect(await refusal([wrong], ['x'])).to.contain('_operator.add: expected 2 numbers for one, got others');
  });
});
