import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { NativeFunctions, SequenceLayout } from '../../../../src/kernels/host/abi/functions.js';
import { type Packing, type Plan, packingsOf } from '../../../../src/kernels/host/call/plan.js';
import { Scope } from '../../../../src/kernels/host/runtime/arena.js';
import type { Engine, PackedSequence } from '../../../../src/kernels/host/runtime/engine.js';
import { EngineLostError } from '../../../../src/kernels/host/runtime/engine-lost-error.js';
import { makeNativeEngine, type NativeAddon } from '../../../../src/kernels/host/runtime/native.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { Random } from '../../../support/random.js';
import { skip } from '../../../support/skip.js';

const addon = createRequire(import.meta.url)('../../../../native/index.cjs') as NativeAddon | undefined;

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly width: number;
  readonly batchFirst: boolean;
}

/** Numbers of JavaScript would change some NaNs. */
const bitsOf = (values: Float32Array) => new Uint32Array(values.slice().buffer);

/** Every bit pattern may come. */
function randomBits(random: Random, count: number): Float32Array {
  return new Float32Array(Uint32Array.from({ length: count }, () => random.next() * 2 ** 32).buffer);
}

/** Places for the packed sequences of the groups. */
function makeSequences(
  engine: Engine,
  scope: Scope,
  packings: readonly Packing[],
  { steps, batch, width, batchFirst }: Sizes,
): PackedSequence[] {
  return packings.map(({ order, counts, rows }) => {
    const [orderAt, countsAt] = [order, counts].map((values) => {
      const at = scope.allocate(values.length);
      engine.ints(at, values.length).set(values);
      return at;
    }) as [number, number];
    const layout: SequenceLayout = [
      ...[orderAt, countsAt, steps, batch, order.length, width, Number(batchFirst)],
    ] as SequenceLayout;
    return { at: scope.allocate(rows * width), layout };
  });
}

/** Where each packed float comes from in the caller's sequence, by group. */
function places(packings: readonly Packing[], { steps, batch, width, batchFirst }: Sizes): number[][] {
  return packings.map(({ order, counts }) =>
    [...counts].flatMap((count, t) =>
      [...order.subarray(0, count)].flatMap((b) => {
        const row = batchFirst ? b * steps + t : t * batch + b;
        return Array.from({ length: width }, (_, j) => row * width + j);
      }),
    ),
  );
}

describe("a caller's sequence in the native engine", () => {
  before(function () {
    if (addon === undefined) skip(this, 'the native engine is not built: npm run build:native');
  });
  const native = () => addon as NativeAddon;

  it('is packed and unpacked to the bits that the engine in WebAssembly has, and takes no memory of the arena', () => {
    const random = new Random(1);
    const engines = [
      ...native()
        .sets()
        .map((set) => makeNativeEngine(native(), 1, set)),
      makeEngine(),
    ];
    for (let i = 0; i < 200; i++) {
      const sizes: Sizes = {
        steps: random.integer(1, 6),
        batch: random.integer(1, 9),
        width: random.integer(1, 70),
        batchFirst: random.chance(0.5),
      };
      const { steps, batch, width, batchFirst } = sizes;
      const lengths = Int32Array.from({ length: batch }, () => random.integer(0, steps));
      const plan = { steps, batch, call: { batchFirst } } as Plan;
      const groups = random.integer(1, Math.min(3, batch));
      const packings = packingsOf(plan, random.chance(0.7) ? lengths : undefined, groups);
      const from = places(packings, sizes);
      // In the midst of another array, whose other elements stay as they are.
      const whole = randomBits(random, steps * batch * width + 7);
      const values = whole.subarray(3, -4);
      const bits = bitsOf(values);
      const back = bitsOf(whole).fill(0, 3, -4);
      for (const k of from.flat()) back[3 + k] = bits[k] as number;
      for (const engine of engines) {
        const scope = new Scope(engine.arena);
        const sequences = makeSequences(engine, scope, packings, sizes);
        const [used, end] = [engine.arena.floatsInUse, engine.arena.end];
        const { allocate } = engine.arena;
        if (engine.compiledTo.includes('natively'))
          engine.arena.allocate = () => {
            throw new Error('the arena is asked for memory');
          };
        engine.pack(values, sequences);
        for (const [g, { at }] of sequences.entries())
          expect(bitsOf(engine.floats(at, from[g]?.length as number))).to.deep.equal(
            Uint32Array.from(from[g] as number[], (k) => bits[k] as number),
          );
        const result = whole.slice();
        engine.unpack(sequences, result.subarray(3, -4));
        expect(bitsOf(result), engine.compiledTo).to.deep.equal(back);
        engine.arena.allocate = allocate;
        expect([engine.arena.floatsInUse, engine.arena.end]).to.deep.equal([used, end]);
        scope.release();
      }
    }
  });

  it('is packed from an array of another type', () => {
    const engine = makeNativeEngine(native(), 1);
    const sizes = { steps: 2, batch: 2, width: 1, batchFirst: true };
    const packings = packingsOf({ steps: 2, batch: 2, call: { batchFirst: true } } as Plan, undefined, 1);
    const sequences = makeSequences(engine, new Scope(engine.arena), packings, sizes);
    for (const values of [Int32Array.of(1, 2, 3, 4), [1, 2, 3, 4]]) {
      engine.floats(sequences[0]?.at as number, 4).fill(0);
      engine.pack(values, sequences);
      expect([...engine.floats(sequences[0]?.at as number, 4)]).to.deep.equal([1, 3, 2, 4]);
    }
  });

  const OUTSIDE = /does not lie in the engine's memory, or in the array/;
  const NO_ARRAY = /an argument is no Float32Array outside of the engine's memory/;
  const [STEPS, BATCH, WIDTH] = [3, 4, 5];
  const FLOATS = STEPS * BATCH * WIDTH;

  /** Arguments of pack_values and unpack_values beside the right ones, by name, and what they are told. */
  const WRONG: Readonly<Record<string, (right: Right) => [Partial<Right>, RegExp]>> = {
    'values that are too short': () => [{ values: new Float32Array(FLOATS - 1) }, OUTSIDE],
    'values that are detached': () => {
      const values = new Float32Array(FLOATS);
      structuredClone(values, { transfer: [values.buffer] });
      return [{ values }, OUTSIDE];
    },
    'values of another type': () => [{ values: new Int32Array(FLOATS) }, NO_ARRAY],
    'a number in their place': () => [{ values: 1000 }, NO_ARRAY],
    'none in their place': () => [{ values: undefined }, NO_ARRAY],
    'values of the arena': ({ engine, at }) => [{ values: engine.floats(at, FLOATS) }, NO_ARRAY],
    'a row beyond the batch': ({ engine, order }) => {
      engine.ints(order, BATCH)[2] = BATCH;
      return [{}, OUTSIDE];
    },
    'a row before the first': ({ engine, order }) => {
      engine.ints(order, BATCH)[2] = -1;
      return [{}, OUTSIDE];
    },
    'counts that increase': ({ engine, counts }) => {
      engine.ints(counts, STEPS).set([2, 1, 2]);
      return [{}, OUTSIDE];
    },
    'more rows than the group has': ({ engine, counts }) => {
      engine.ints(counts, STEPS).fill(BATCH + 1);
      return [{}, OUTSIDE];
    },
    'a packed sequence beyond the end': ({ engine }) => [
      { at: engine.floats(0, Infinity).length - 1 },
      OUTSIDE,
    ],
    'a packed sequence over the order': ({ order }) => [{ at: order }, OUTSIDE],
    'an order outside': () => [{ order: -8 }, OUTSIDE],
    'counts outside': () => [{ counts: 2 ** 31 - 1 }, OUTSIDE],
    'a step more': () => [{ steps: STEPS + 1 }, OUTSIDE],
    'a batch of less than none': () => [{ batch: -1 }, OUTSIDE],
    'sizes whose product leaves 64 bits': () => [
      { steps: 2 ** 29 - 1, batch: 2 ** 29 - 1, width: 2 ** 29 - 1 },
      OUTSIDE,
    ],
    'a wider row': () => [{ width: WIDTH + 1 }, OUTSIDE],
  };

  interface Right {
    readonly engine: Engine;
    readonly values: unknown;
    readonly at: number;
    readonly order: number;
    readonly counts: number;
    readonly steps: number;
    readonly batch: number;
    readonly width: number;
  }

  for (const [what, change] of Object.entries(WRONG))
    it(`is refused with ${what}, and nothing has changed then`, () => {
      for (const name of ['pack_values', 'unpack_values'] as const) {
        const engine = makeNativeEngine(native(), 1);
        const { arena, ints, floats } = engine;
        const [order, counts, at] = [BATCH, STEPS, FLOATS].map((n) => arena.allocate(n)) as [
          number,
          number,
          number,
        ];
        ints(order, BATCH).set([3, 2, 1, 0]);
        ints(counts, STEPS).fill(BATCH);
        floats(at, FLOATS).fill(2);
        const values = new Float32Array(FLOATS).fill(1);
        const right: Right = { engine, values, at, order, counts, steps: STEPS, batch: BATCH, width: WIDTH };
        const [wrong, told] = change(right);
        const before = floats(0, Infinity).slice();
        const call = (given: Right) => {
          const layout = [
            given.order,
            given.counts,
            given.steps,
            given.batch,
            BATCH,
            given.width,
            1,
          ] as const;
          const functions = engine.functions as NativeFunctions;
          if (name === 'pack_values')
            functions.pack_values(0, given.values as Float32Array, given.at, ...layout);
          else functions.unpack_values(0, given.at, given.values as Float32Array, ...layout);
        };
        expect(() => call({ ...right, ...wrong }), name).to.throw(EngineLostError, told);
        expect(bitsOf(floats(0, Infinity)).join(), name).to.equal(bitsOf(before).join());
        expect(new Set(values)).to.deep.equal(new Set([1]));
      }
    });
});
