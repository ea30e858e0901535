import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { skip } from '../../../support/skip.js';

const ROOT = new URL('../../../../', import.meta.url);
const addon: unknown = createRequire(ROOT)('./native/index.cjs');

/** A process that has not ended by then hangs. */
const LIMIT_MS = 60_000;

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly string[];
  /** What it has written beside them. */
  readonly errors: string;
}

describe('processes on the native engine', function () {
  this.timeout(3 * LIMIT_MS);
  let folder = '';
  let program = '';

  before(async function () {
    if (addon === undefined) skip(this, 'the native engine is not built: npm run build:native');
    folder = mkdtempSync(join(tmpdir(), 'native-processes-'));
    program = join(folder, 'program.cjs');
    const entry = fileURLToPath(new URL('spec/support/node/native-program.ts', ROOT));
    const options = { bundle: true, platform: 'node', logLevel: 'error' } as const;
    // What package.json says of side effects is of dist: of src the registration of the kernels would be left out.
    await build({ ...options, entryPoints: [entry], outfile: program, ignoreAnnotations: true });
  });

  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  /** Starts a process that runs a script; `require(program)` gives it the layer. */
  function start(script: string): ChildProcess {
    const { TFJS_TORCH_RNN_NATIVE: _, ...env } = process.env;
    const names = `const program = ${JSON.stringify(program)}; const { Worker } = require('node:worker_threads');`;
    return spawn(process.execPath, ['--eval', `${names}\n${script}`], {
      cwd: fileURLToPath(ROOT),
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
  }

  /** Its end, and what it has printed. @throws where it hangs. */
  async function endOf(child: ChildProcess): Promise<End> {
    let text = '';
    let errors = '';
    child.stdout?.on('data', (data) => {
      text += data;
    });
    child.stderr?.on('data', (data) => {
      errors += data;
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const [code, signal] = await once(child, 'close');
    clearTimeout(limit);
    if (signal === 'SIGKILL') throw new Error(`the process hangs; it has printed ${text}${errors}`);
    return { code, signal, lines: text.trim().split('\n'), errors };
  }

  const run = (script: string) => endOf(start(script));

  /** Runs a script that ends by itself. @returns what it has printed. */
  async function linesOf(script: string): Promise<readonly string[]> {
    const { code, signal, lines, errors } = await run(script);
    expect({ code, signal }, errors).to.deep.equal({ code: 0, signal: null });
    return lines;
  }

  /** The code of a worker. */
  const worker = (code: string) =>
    `new Worker(${JSON.stringify(code)}.replace('PROGRAM', program), { eval: true })`;
  const TELLS = `
    const { compute, computeAsync } = require('PROGRAM');
    const { parentPort } = require('node:worker_threads');`;
  const FOR_EVER = `${TELLS} parentPort.postMessage(compute()); for (;;) compute();`;
  const FOR_EVER_OFF_THREAD = `${TELLS} (async () => { for (;;) parentPort.postMessage(await computeAsync()); })();`;

  it('have it in several workers at once, beside the main thread', async () => {
    const code = `${TELLS} const first = compute();
      computeAsync().then((second) => parentPort.postMessage(first === second ? first : 'another'));`;
    const [printed] = await linesOf(`
      const workers = Array.from({ length: 4 }, () => ${worker(code)});
      const heard = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
      const own = require(program).compute();
      Promise.all(heard).then((hashes) => console.log(hashes.filter((hash) => hash === own).length));
    `);
    expect(printed).to.equal('4');
  });

  for (const [what, code] of Object.entries({ call: FOR_EVER, 'call off the thread': FOR_EVER_OFF_THREAD }))
    it(`survive the end of a worker in a ${what}`, async () => {
      const [printed] = await linesOf(`
        (async () => {
          for (let i = 0; i < 4; i++) {
            const workers = [0, 1].map(() => ${worker(code)});
            await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
            await Promise.all(workers.map((worker) => worker.terminate()));
          }
          const { compute, computeAsync } = require(program);
          console.log(compute() === (await computeAsync()));
        })();
      `);
      expect(printed).to.equal('true');
    });

  it('survive a worker that exits after calls, and while one is under way', async () => {
    const exits = `${TELLS} compute(); computeAsync(); process.exit(0);`;
    const throws = `${TELLS} computeAsync(); compute(); throw new Error('on purpose');`;
    const [printed] = await linesOf(`
      (async () => {
        for (let i = 0; i < 3; i++)
          for (const start of [() => ${worker(exits)}, () => ${worker(throws)}]) {
            const worker = start().on('error', () => {});
            await new Promise((resolve) => worker.once('exit', resolve));
          }
        console.log(require(program).compute().length);
      })();
    `);
    expect(printed).to.equal('64');
  });

  it('have no thread of it left when the last worker that used it has ended', async function () {
    if (process.platform !== 'linux') skip(this, 'no /proc/self/task');
    const code = `${TELLS} compute(); parentPort.postMessage(require('node:fs').readdirSync('/proc/self/task').length);
      setInterval(() => {}, 1000);`;
    const [printed] = await linesOf(`
      const { readdirSync } = require('node:fs');
      const count = () => readdirSync('/proc/self/task').length;
      (async () => {
        const before = count();
        const worker = ${worker(code)};
        const during = await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
        // Linux forgets a thread that has been waited for a moment later.
        for (let i = 0; i < 500 && count() > before; i++) await new Promise((resolve) => setTimeout(resolve, 10));
        console.log(during - before >= 3, count() - before);
      })();
    `);
    expect(printed).to.equal('true 0');
  });

  it('have nothing left of threads that setThreads has sent away', async function () {
    if (process.platform !== 'linux') skip(this, 'no /proc/self/status');
    const [printed] = await linesOf(`
      const { compute, setThreads, countThreads } = require(program);
      const { readFileSync } = require('node:fs');
      const megabytes = () => Number(/VmSize:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
      const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
      (async () => {
        let before;
        for (let i = 0; i < 100; i++) {
          setThreads(3);
          compute();
          const most = countThreads();
          setThreads(1);
          for (let k = 0; k < 500 && countThreads() > most - 2; k++) await turn();
          await turn();
          if (i === 10) before = megabytes();
        }
        // Stacks of 8 MB each; the C library keeps 40 MB of them.
        console.log(megabytes() - before < 300);
      })();
    `);
    expect(printed).to.equal('true');
  });

  for (const [when, script] of Object.entries({
    'after calls': 'compute(); process.exit(7);',
    'while a call is under way off the thread': 'computeAsync(); process.exit(7);',
    'after calls and while one is under way': 'compute(); computeAsync(); process.exit(7);',
    'when a call off the thread has begun': 'computeAsync(); setImmediate(() => process.exit(7));',
    'on an error':
      "process.on('uncaughtException', () => process.exit(7)); computeAsync(); throw new Error();",
  }))
    it(`exit ${when}`, async () => {
      for (let i = 0; i < 3; i++) {
        const { code, signal } = await run(`const { compute, computeAsync } = require(program); ${script}`);
        expect({ code, signal }).to.deep.equal({ code: 7, signal: null });
      }
    });

  it('exit while workers compute', async () => {
    for (const code of [FOR_EVER, FOR_EVER_OFF_THREAD]) {
      const { code: status, signal } = await run(`
        const workers = [0, 1].map(() => ${worker(code)});
        const heard = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
        Promise.all(heard).then(() => { require(program).compute(); process.exit(7); });
      `);
      expect({ code: status, signal }).to.deep.equal({ code: 7, signal: null });
    }
  });

  it('end by themselves after a call off the thread that nobody awaits', async () => {
    expect(await linesOf(`require(program).computeAsync(); console.log('end');`)).to.deep.equal(['end']);
  });

  const INTERRUPTED = {
    calls: 'compute(); process.send(1); for (;;) compute();',
    'calls off the thread': '(async () => { for (;;) process.send(await computeAsync()); })();',
    workers: `for (let i = 0; i < 2; i++) ${worker(FOR_EVER)}.once('message', () => process.send(1));`,
  };
  for (const [what, script] of Object.entries(INTERRUPTED))
    it(`end at Ctrl-C in ${what}`, async function () {
      if (process.platform === 'win32') skip(this, 'no signals');
      const child = start(`const { compute, computeAsync } = require(program); ${script}`);
      const end = endOf(child);
      await Promise.race([once(child, 'message'), end]);
      child.kill('SIGINT');
      expect((await end).signal).to.equal('SIGINT');
    });

  it('hear of Ctrl-C between calls, where they listen', async function () {
    if (process.platform === 'win32') skip(this, 'no signals');
    const child = start(`
      const { compute, computeAsync } = require(program);
      process.once('SIGINT', () => { console.log(compute().length); process.exit(7); });
      (async () => { for (;;) process.send(await computeAsync()); })();
    `);
    const end = endOf(child);
    await Promise.race([once(child, 'message'), end]);
    child.kill('SIGINT');
    expect(await end).to.deep.include({ code: 7, lines: ['64'] });
  });

  it('have it in processes that they fork, while they compute', async () => {
    const [printed] = await linesOf(`
      const { fork } = require('node:child_process');
      const { join, dirname } = require('node:path');
      const { writeFileSync } = require('node:fs');
      const { compute } = require(program);
      const own = compute();
      const script = join(dirname(program), 'forked.cjs');
      writeFileSync(script, "process.send(require('./program.cjs').compute()); process.disconnect();");
      const children = [0, 1].map(() => fork(script));
      const heard = children.map((child) => new Promise((resolve) => child.once('message', resolve)));
      for (let i = 0; i < 5; i++) compute();
      Promise.all(heard).then((hashes) => console.log(hashes.every((hash) => hash === own)));
    `);
    expect(printed).to.equal('true');
  });

  it('have it in several contexts of node:vm, from one addon and from one for each', async () => {
    const [printed] = await linesOf(`
      const { readFileSync } = require('node:fs');
      const vm = require('node:vm');
      const code = readFileSync(program, 'utf8');
      const addonOf = require('./native/index.cjs');
      const path = Object.keys(require.cache).find((name) => name.endsWith('engine.node'));
      const load = (isOwn) => {
        const context = vm.createContext({ require, process, console, performance, setTimeout, clearTimeout,
          setImmediate, TextEncoder, TextDecoder, URL, Buffer, fetch });
        vm.runInContext('globalThis.global = globalThis; globalThis.module = { exports: {} };', context);
        if (isOwn) {
          const module = vm.runInContext('({ exports: {} })', context);
          process.dlopen(module, path);
          if (module.exports === addonOf) throw new Error('the same addon');
          context.addon = module.exports;
          vm.runInContext("globalThis[Symbol.for('tfjs-torch-rnn-native')] = () => addon;", context);
        }
        vm.runInContext('(function (exports) {' + code + '\\n})(module.exports);', context);
        return context.module.exports;
      };
      const own = require(program).compute();
      const contexts = [false, false, true, true].map(load);
      console.log(contexts.map(({ compute }) => compute() === own).join());
    `);
    expect(printed).to.equal('true,true,true,true');
  });
});
