import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { sourceHash } from '../../../../scripts/tools/build-engine/module.mjs';
import { SOURCE_HASH } from '../../../../src/kernels/host/runtime/engine.wasm.js';
import { EngineLostError } from '../../../../src/kernels/host/runtime/engine-lost-error.js';
import { hasMultiplyAdd, isSupported, makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { Random } from '../../../support/random.js';

describe('the engine', () => {
  it('is compiled from the source that is there', async () => {
    expect(await sourceHash()).to.equal(SOURCE_HASH);
  });

  it('runs on this machine, in one of its builds', () => {
    expect(isSupported()).to.equal(true);
    expect(hasMultiplyAdd()).to.be.a('boolean');
    expect(makeEngine().base % 64).to.equal(0);
  });

  it('gives the largest integer as the size of what no arena has room for', () => {
    const { functions } = makeEngine();
    const most = 2 ** 31 - 1;
    expect(functions.forward_scratch(3, 2 ** 20, 2 ** 20, 0, 2 ** 20)).to.equal(most);
    expect(functions.backward_scratch(3, 2 ** 20, 2 ** 20, 0)).to.equal(most);
    expect(functions.weight_gradient_scratch(2 ** 26, 1)).to.equal(most);
    expect(functions.weight_gradient_scratch(1, 2 ** 26)).to.equal(most);
  });

  it('takes less memory where a host does not set aside so much, and gives up at 256 MiB', () => {
    const { Memory } = WebAssembly;
    const asked: number[] = [];
    let most = 8192;
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        asked.push(descriptor.maximum ?? 0);
        if ((descriptor.maximum ?? 0) > most) throw new RangeError('could not allocate memory');
        super(descriptor);
      }
    };
    try {
      expect(makeEngine().arena.floatsInUse).to.equal(0);
      expect(asked).to.deep.equal([32768, 16384, 8192]);
      most = 4095;
      expect(() => makeEngine()).to.throw(RangeError, 'could not allocate memory');
    } finally {
      WebAssembly.Memory = Memory;
    }
  });
});

/** torch.sigmoid, torch.tanh and torch.relu in float64; `which` as the engine counts them. */
const ACTIVATIONS = [
  { name: 'sigmoid', f: (x: number) => 1 / (1 + Math.exp(-x)) },
  { name: 'tanh', f: Math.tanh },
  { name: 'relu', f: (x: number) => (x > 0 ? x : Number.isNaN(x) ? x : 0) },
];

/** PyTorch's errors, from scripts/fixtures/make_activations.py. */
interface TorchError {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  readonly count: number;
  readonly ulps: number;
}
const TORCH_ERRORS: readonly TorchError[] = JSON.parse(
  readFileSync(new URL('../../../fixtures/activations.json', import.meta.url), 'utf8'),
);

/** The distance of float32 numbers around a value. */
function unitInTheLastPlace(value: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(Math.fround(value))))) - 23);
}

/** Arguments up to 1e4 of both signs, dense where the functions bend, denormals and zeros among them. */
function argumentsToTry(): Float32Array {
  const values = [
    0, -0, 1e4, -1e4, 1.4e-45, -1.4e-45, 1e-40, -1e-40, 0.99999, 1, 1.00001, 88, -88, 88.7, -88.7,
  ];
  for (let i = -2000; i <= 2000; i++) values.push(i * 5, Math.sign(i) * 2 ** (-Math.abs(i) / 15));
  for (let i = -100_000; i <= 100_000; i++) values.push(i / 5000);
  return Float32Array.from(values);
}

describe("the engine's activations", () => {
  const { arena, functions, base, floats } = makeEngine();
  const random = new Random(1);

  /** Every bit pattern may come: all exponents, both signs, denormals, infinities and NaNs. */
  const randomBits = () =>
    new Float32Array(Uint32Array.from({ length: 200_000 }, () => random.next() * 2 ** 32).buffer);

  function apply(which: number, values: Float32Array): Float32Array {
    const [x, y] = [arena.allocate(values.length), arena.allocate(values.length)];
    floats(x, values.length).set(values);
    functions.activation(base, which, x, y, values.length);
    const result = floats(y, values.length).slice();
    arena.release(x);
    arena.release(y);
    return result;
  }

  for (const [which, { name, f }] of ACTIVATIONS.entries()) {
    it(`${name} is within 1e-7 of float64`, () => {
      const values = argumentsToTry();
      const differences = apply(which, values).map((y, i) => Math.abs(y - f(values[i] as number)));
      const worst = differences.reduce((max, difference, i) => (difference > differences[max]! ? i : max), 0);
      expect(differences[worst], `${name}(${values[worst]})`).to.be.at.most(name === 'relu' ? 0 : 1e-7);
    });

    it(`${name} lets NaN and the infinities through as torch does`, () => {
      const [nan, above, below] = apply(which, Float32Array.of(Number.NaN, Infinity, -Infinity));
      expect(nan).to.be.NaN;
      expect([above, below]).to.deep.equal([f(Infinity), f(-Infinity)]);
    });

    it(`${name} is within 1e-7 of float64 whatever the bits are`, () => {
      const values = randomBits();
      const wrong = apply(which, values).findIndex((y, i) => {
        const expected = f(values[i] as number);
        return Number.isNaN(expected)
          ? !Number.isNaN(y)
          : y !== expected && !(Math.abs(y - expected) <= 1e-7);
      });
      expect(wrong < 0 ? undefined : `${name}(${values[wrong]})`).to.equal(undefined);
    });
  }

  it('tanh is odd to the bit', () => {
    const values = argumentsToTry();
    const mirrored = apply(
      1,
      values.map((x) => -x),
    );
    expect(mirrored.map((y) => -y)).to.deep.equal(apply(1, values));
  });

  for (const { name, begin, end, count, ulps } of TORCH_ERRORS) {
    it(`${name} rounds as torch does over ${begin}..${end}, give or take a quarter`, () => {
      const which = ACTIVATIONS.findIndex((activation) => activation.name === name);
      const values = Float32Array.from({ length: count }, (_, i) => begin + (i * (end - begin)) / count);
      const squares = Array.from(apply(which, values), (y, i) => {
        const exact = ACTIVATIONS[which]!.f(values[i] as number);
        return ((y - exact) / unitInTheLastPlace(exact)) ** 2;
      });
      const rms = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / count);
      expect(rms).to.be.at.most(1.25 * ulps);
    });
  }

  it('tanh stays exact near zero, also relatively', () => {
    const values = Float32Array.from({ length: 2000 }, (_, i) => 1.01 ** -i);
    for (const [i, y] of apply(1, values).entries()) {
      const expected = Math.tanh(values[i] as number);
      expect(Math.abs(y - expected) / expected).to.be.at.most(1.2e-7);
    }
  });
});

describe('an engine whose function traps', () => {
  const CALL_AGAIN = 'Call again: another engine starts, on one thread; setThreads starts others';

  it('is lost: EngineLostError with the trap as its cause', () => {
    const { functions, base } = makeEngine();
    const outside = 2 ** 28;
    expect(() => functions.forward(base, outside))
      .to.throw(
        EngineLostError,
        'engine: call: expected to be finished, got a trap (memory access out of bounds)',
      )
      .with.property('cause')
      .that.is.instanceOf(WebAssembly.RuntimeError);
    expect(() => functions.forward(base, outside)).to.throw(EngineLostError, CALL_AGAIN);
  });
});
