import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { parseStateDict, type TorchTensor, toTensor, UnsupportedError } from '../../src/index.js';
import { type OpFunction, readExportedProgram, registerOp } from '../../src/program/index.js';
import { describeEachBackend } from '../support/backends.js';
import { fixtureBytes } from '../support/node/files.js';
import { call, type ProgramSpec, programBytes } from '../support/program-files.js';
import { expectTensors } from '../support/programs.js';
import { reloaded } from '../support/save.js';
import { tidied } from '../support/tidied.js';

const program = (target: string, extra: object = {}): ProgramSpec => ({
  inputs: [['x', ['b', 2]]],
  calls: [call(target, { self: 'x', ...extra }, ['y', ['b', 2]])],
  outputs: ['y'],
});

describeEachBackend('registerOp', () => {
  it('teaches an op with its defaults, also to programs that were saved', async () => {
    registerOp('mine::shift(Tensor self, float by=1.5) -> Tensor', (self: tf.Tensor, by: number) =>
      tf.add(self, by),
    );
    const layer = await readExportedProgram(programBytes(program('mine.shift.default')));
    const input = tf.input({ shape: [2] });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    registerOp('mine::shift(Tensor self, float by=1.5) -> Tensor', (self: tf.Tensor, by: number) =>
      tf.sub(self, by),
    );
    const copy = await reloaded(model);
    await tidied(async () => {
      const x = tf.zeros([1, 2]);
      expect([...(await (layer.forward(x) as tf.Tensor).data())]).to.deep.equal([1.5, 1.5]);
      expect([...(await (copy.predict(x) as tf.Tensor).data())]).to.deep.equal([-1.5, -1.5]);
    });
    copy.dispose();
    model.dispose();
    layer.dispose();
  });

  it("gives PyTorch's numbers for the operator of docs/programs.md", async () => {
    registerOp('mine::soft_clip(Tensor x, float limit=1.) -> Tensor', (x: tf.Tensor, limit: number) =>
      tf.mul(tf.tanh(tf.div(x, limit)), limit),
    );
    const layer = await readExportedProgram(fixtureBytes('docs/clipped.pt2'));
    const numbers = parseStateDict(fixtureBytes('docs/clipped.safetensors'));
    await tidied(async () => {
      const y = layer.forward(toTensor(numbers.get('x') as TorchTensor)) as tf.Tensor;
      await expectTensors([y], [toTensor(numbers.get('y') as TorchTensor)]);
    });
    layer.dispose();
  });

  it('has errors of the function told as they are, with the call', async () => {
    const failure = new TypeError('mine');
    registerOp('mine::fails(Tensor self) -> Tensor', () => {
      throw failure;
    });
    const layer = await readExportedProgram(programBytes(program('mine.fails.default')));
    await tidied(async () => {
      const x = tf.ones([1, 2]);
      expect(() => layer.forward(x))
        .to.throw(
          Error,
          'TorchProgram: y: mine.fails.default (model.py:3: torch.ops.mine.fails.default()): mine',
        )
        .with.property('cause', failure);
    });
    layer.dispose();
  });

  it('serves the form of an op that writes into its first argument', async () => {
    registerOp('mine::twice(Tensor self) -> Tensor', (self: tf.Tensor) => tf.mul(self, 2));
    const layer = await readExportedProgram(programBytes(program('mine.twice_.default')));
    await tidied(async () => {
      expect([...(await (layer.forward(tf.ones([1, 2])) as tf.Tensor).data())]).to.deep.equal([2, 2]);
    });
    layer.dispose();
  });

  it('refuses what is no signature or no function', () => {
    const run: OpFunction = (self: tf.Tensor) => self;
    expect(() => registerOp('mine.twice', run)).to.throw(
      RangeError,
      "registerOp: signature: expected a signature of torch, such as 'my::op(Tensor self, float eps=1e-5) -> Tensor', got " +
        '"mine.twice". str(torch.ops.my.op.default._schema) prints it',
    );
    expect(() => registerOp('mine::twice(Tensor x, Foo y) -> Tensor', run)).to.throw(
      RangeError,
      'got "mine::twice(Tensor x, Foo y) -> Tensor". str(torch.ops.my.op.default._schema) prints it',
    );
    expect(() => registerOp(3 as unknown as string, run)).to.throw(
      TypeError,
      'signature: expected a string, got 3',
    );
    expect(() => registerOp('a::b() -> Tensor', 3 as unknown as OpFunction)).to.throw(
      TypeError,
      'run: expected a function, got 3',
    );
  });
});

describe('a program with ops that are missing', () => {
  const errorOf = (spec: ProgramSpec): Promise<Error> =>
    readExportedProgram(programBytes(spec)).then(
      () => new Error('none'),
      (error) => error,
    );

  it('is refused once, with all of them, how often each occurs, and where', async () => {
    const error = await errorOf({
      inputs: [['x', ['b', 2]]],
      calls: [
        call('mine.absent.default', { self: 'x' }, ['y', ['b', 2]]),
        call('mine.absent.default', { self: 'y' }, ['z', ['b', 2]]),
        call('mine.gone.default', { self: 'z' }, ['u', ['b', 2]]),
      ],
      outputs: ['u'],
    });
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'TorchProgram: ops: expected known ones, got ' +
        'mine.absent.default (2 calls, model.py:3: torch.ops.mine.absent.default()); ' +
        'mine.gone.default (1 call, model.py:3: torch.ops.mine.gone.default()). ' +
        'registerOp teaches mine.absent.default, mine.gone.default, or change the model so that it does without',
    );
  });

  it('is refused for an argument that the signature does not know, or of another type', async () => {
    registerOp('mine::typed(Tensor self, int n=1) -> Tensor', (self: tf.Tensor) => self);
    const typed = (extra: object) => errorOf(program('mine.typed.default', extra));
    expect((await typed({ m: { as_int: 1 } })).message).to.contain(
      'mine.typed.default m: expected an argument of torch 2.13, got another',
    );
    expect((await typed({ n: { as_string: 'a' } })).message).to.contain('mine.typed.default n: expected int');
  });
});
