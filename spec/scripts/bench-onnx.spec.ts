import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { BenchCase, CellName } from '../../scripts/bench/cases.js';
import { recurrentModel } from '../../scripts/bench/onnx/model.js';
import { Message } from '../../scripts/bench/onnx/protobuf.js';
import type { StateDict } from '../../src/state-dict/index.js';

/** Written by the onnx package; see scripts/fixtures/make_onnx.py. */
const models = JSON.parse(
  readFileSync(new URL('../fixtures/onnx.json', import.meta.url), 'utf8'),
) as Readonly<Record<CellName, string>>;

/** The weights of the fixtures: numbered by torch's gate order. */
function weights(gates: number): StateDict {
  const numbered = (first: number) => Float32Array.from({ length: gates }, (_, gate) => first + gate);
  return new Map([
    ['weight_ih_l0', { dtype: 'F32', shape: [gates, 1], data: numbered(1) }],
    ['weight_hh_l0', { dtype: 'F32', shape: [gates, 1], data: numbered(11) }],
    ['bias_ih_l0', { dtype: 'F32', shape: [gates], data: numbered(21) }],
    ['bias_hh_l0', { dtype: 'F32', shape: [gates], data: numbered(31) }],
  ]);
}

function benchCase(cell: CellName): BenchCase {
  const sizes = { inputSize: 1, hiddenSize: 1, layers: 1, directions: 1, batch: 2, steps: 3 };
  return { name: 'one', cell, mode: 'forward', ...sizes };
}

const hex = (message: Message) => Buffer.from(message.encode()).toString('hex');

describe('bench: protocol buffers', () => {
  // The examples of https://protobuf.dev/programming-guides/encoding.
  it('writes 150 in field 1 as 08 96 01', () => {
    expect(hex(new Message().int(1, 150))).to.equal('089601');
  });

  it('writes "testing" in field 2 as 12 07 and its letters', () => {
    expect(hex(new Message().text(2, 'testing'))).to.equal('120774657374696e67');
  });

  it('writes a message in field 3 behind its length', () => {
    expect(hex(new Message().message(3, new Message().int(1, 150)))).to.equal('1a03089601');
  });

  it('writes field numbers above 15 in two bytes, and integers above 2^32', () => {
    expect(hex(new Message().int(20, 2 ** 35))).to.equal('a001808080808001');
  });

  it('refuses integers that it would write wrongly', () => {
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => new Message().int(1, value), String(value)).to.throw(
        RangeError,
        `protobuf: varint: expected an integer in 0..2^53-1, got ${value}`,
      );
  });
});

describe('bench: ONNX models', () => {
  for (const [cell, gates] of [
    ['gru', 3],
    ['lstm', 4],
    ['rnn', 1],
  ] as const)
    it(`of a ${cell} are the bytes that the onnx package writes, gates reordered`, () => {
      const bytes = recurrentModel(benchCase(cell), weights(gates));
      expect(Buffer.from(bytes).toString('base64')).to.equal(models[cell]);
    });

  it('name the weight that a state_dict lacks', () => {
    const lacking = weights(3);
    lacking.delete('bias_hh_l0');
    expect(() => recurrentModel(benchCase('gru'), lacking)).to.throw('the case has no bias_hh_l0');
  });
});
