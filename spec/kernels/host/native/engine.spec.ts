import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { DIRECTION, INPUT_GRADIENT, WEIGHT_GRADIENT } from '../../../../src/kernels/host/abi/structs.js';
import { makeNativeEngine, type NativeAddon } from '../../../../src/kernels/host/runtime/native.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { skip } from '../../../support/skip.js';

const NATIVE = new URL('../../../../native/', import.meta.url);
const addon = createRequire(NATIVE)('./index.cjs') as NativeAddon | undefined;

/** Of all processors of an architecture, and the flags of /proc/cpuinfo that they need. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  avx512: ['avx512f', 'avx512dq', 'avx512cd', 'avx512bw', 'avx512vl', 'fma', 'bmi1', 'bmi2'],
  avx2: ['avx2', 'fma', 'bmi1', 'bmi2'],
  sse2: ['sse2'],
};

function cpuFlags(): Set<string> {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
  return new Set(flags.trim().split(/\s+/));
}

describe('the native engine', function () {
  this.timeout(120_000);

  before(function () {
    if (addon === undefined) skip(this, 'the native engine is not built: npm run build:native');
  });
  const native = () => addon as NativeAddon;

  it('finds the instruction sets that Linux tells of this processor, the best first', function () {
    if (process.platform !== 'linux' || process.arch !== 'x64') skip(this, 'no /proc/cpuinfo of x64');
    const flags = cpuFlags();
    const wanted = Object.keys(SETS).filter((set) => SETS[set]?.every((flag) => flags.has(flag)));
    expect(native().sets()).to.deep.equal(wanted);
  });

  it('starts on no other', () => {
    expect(() => makeNativeEngine(native(), 1, 'mmx')).to.throw(RangeError, 'no such instruction set');
  });

  it('has the functions of the engine in WebAssembly, and packs weights as it does, in panels of its own width', () => {
    const value = (row: number, column: number) => Math.fround(Math.sin(7 * row + column));
    const engines = [makeEngine(), makeNativeEngine(native(), 1)];
    for (const { arena, functions, base, write, floats, pad, vector } of engines) {
      // A whole panel, and one that is as narrow as padding allows.
      const [gates, units, columns] = [3, vector + 3, 7];
      const widths = [vector, pad];
      const weight = arena.allocate(gates * units * columns);
      const rows = Array.from({ length: gates * units }, (_, row) => row);
      write(
        weight,
        rows.flatMap((row) => Array.from({ length: columns }, (_, column) => value(row, column))),
      );
      const packed = rows.slice(0, gates).flatMap((gate) =>
        widths.flatMap((width, panel) =>
          Array.from({ length: columns * width }, (_, i) => {
            const unit = panel * vector + (i % width);
            return unit < units ? value(gate * units + unit, Math.floor(i / width)) : 0;
          }),
        ),
      );
      const size = functions.packed_size(gates, units, columns);
      expect(size).to.equal(packed.length);
      const to = arena.allocate(size);
      functions.pack_weight(base, weight, to, gates, units, columns);
      expect([...floats(to, size)]).to.deep.equal(packed);
    }
    const names = engines.map(({ functions }) => Object.keys(functions));
    // Its workers wait for rounds in C.
    for (const name of names[0] as string[]) if (name !== 'await_round') expect(names[1]).to.include(name);
  });

  it('refuses what does not lie in its memory, and nothing has changed then', () => {
    const { arena, functions, ints } = makeNativeEngine(native(), 1);
    const at = arena.allocate(DIRECTION.length);
    ints(at, DIRECTION.length).fill(0);
    const TOLD = /does not lie in the engine's memory/;
    expect(() => functions.forward(0, at)).to.throw(TOLD);
    expect(() => functions.activation(0, 0, at, arena.limit, 8)).to.throw(TOLD);
    expect(() => functions.pack_weight(0, at, -8, 1, 1, 1)).to.throw(TOLD);
  });

  it('survives structs of random numbers, each in a process', () => {
    const structs = {
      forward: DIRECTION,
      backward: DIRECTION,
      input_gradient: INPUT_GRADIENT,
      weight_gradient: WEIGHT_GRADIENT,
    };
    const script = `
      const addon = require('./index.cjs');
      const memory = new WebAssembly.Memory({ initial: 4, maximum: 16, shared: true });
      const ints = new Int32Array(memory.buffer);
      let seed = 1;
      const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) | 0) >>> 0;
      const pick = [() => 0, () => 1 + (random() % 9), () => 16 + (random() % 4096), () => random() % ints.length, () => random() | 0, () => -1 - (random() % 9)];
      const counts = { refused: 0, ran: 0 };
      for (const set of addon.sets()) {
        const engine = addon.open(ints, set);
        for (const [name, length] of Object.entries(${JSON.stringify(Object.fromEntries(Object.entries(structs).map(([name, { length }]) => [name, length])))}))
          for (let i = 0; i < 20000; i++) {
            for (let k = 16; k < 4096; k += 1 + (random() % 64)) ints[k] = pick[random() % 3]();
            const at = 64;
            // Mostly small sizes, and places that lie inside: most random structs are refused at once.
            for (let k = 0; k < length; k++) ints[at + k] = pick[random() % 100 < 97 ? random() % 3 : random() % pick.length]();
            try { engine[name](0, at); counts.ran++; } catch (error) {
              if (!(error instanceof RangeError)) throw error;
              counts.refused++;
            }
          }
      }
      console.log(JSON.stringify(counts));
    `;
    const out = execFileSync(process.execPath, ['--eval', script], {
      cwd: fileURLToPath(NATIVE),
      encoding: 'utf8',
    });
    const { refused, ran } = JSON.parse(out) as { refused: number; ran: number };
    expect(refused).to.be.greaterThan(0);
    expect(ran, 'structs that were right by chance').to.be.greaterThan(0);
  });

  it('ends its threads with the worker of Node that started them, also in a call', async () => {
    const script = `
      const { parentPort } = require('node:worker_threads');
      const addon = require(${JSON.stringify(fileURLToPath(new URL('index.cjs', NATIVE)))});
      const memory = new WebAssembly.Memory({ initial: 4, maximum: 16, shared: true });
      const engine = addon.open(new Int32Array(memory.buffer), '');
      for (const state of [1024, 1040, 1056]) engine.startWorker(2048, state, () => {});
      parentPort.postMessage('started');
      setInterval(() => {}, 1000);
    `;
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(script, { eval: true });
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
    }
  });

  it('never keeps the process alive', () => {
    const script = `
      const addon = require('./index.cjs');
      const memory = new WebAssembly.Memory({ initial: 4, maximum: 16, shared: true });
      addon.open(new Int32Array(memory.buffer), '').startWorker(2048, 1024, () => {});
    `;
    execFileSync(process.execPath, ['--eval', script], { cwd: fileURLToPath(NATIVE), timeout: 60_000 });
  });
});
