import { expect } from 'chai';
import { type GRU, gru, gruCell, lstm, lstmCell, rnn, rnnCell } from '../../../src/index.js';

type Factory = (...args: unknown[]) => GRU;

const FACTORIES: Readonly<Record<string, unknown>> = { gru, lstm, rnn, gruCell, lstmCell, rnnCell };

/** By the factory's name: torch's positional arguments, and what they are here. */
const CALLS: Readonly<Record<string, readonly [unknown[], Record<string, unknown>]>> = {
  gru: [[5, 6], { inputSize: 5, hiddenSize: 6 }],
  lstm: [
    [5, 6, 2, true, true, 0, false, 3],
    {
      inputSize: 5,
      hiddenSize: 6,
      numLayers: 2,
      bias: true,
      batchFirst: true,
      dropout: 0,
      bidirectional: false,
      projSize: 3,
    },
  ],
  rnn: [[5, 6, 1, 'relu'], { inputSize: 5, hiddenSize: 6, numLayers: 1, nonlinearity: 'relu' }],
  gruCell: [[5, 6, false], { inputSize: 5, hiddenSize: 6, bias: false }],
  lstmCell: [[5, 6], { inputSize: 5, hiddenSize: 6 }],
  rnnCell: [[5, 6, true, 'relu'], { inputSize: 5, hiddenSize: 6, bias: true, nonlinearity: 'relu' }],
};

describe("torch's positional arguments", () => {
  for (const [name, [positional, named]] of Object.entries(CALLS)) {
    it(`of ${name} are refused with the object to pass, which has their meaning`, () => {
      const factory = FACTORIES[name] as Factory;
      const list = Object.entries(named).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
      expect(() => factory(...positional)).to.throw(TypeError, `. Pass { ${list.join(', ')} }`);
      expect(factory(named).getConfig()).to.deep.include(named);
    });
  }

  it('are one, where torch needs more', () => {
    expect(() => (gru as unknown as Factory)(5)).to.throw(
      TypeError,
      'GRU: args: expected an object with named arguments, got 5. Pass { inputSize: 5 }',
    );
  });
});
