/**
 * How fast the layers are, beside what else runs such a network: tf.layers, the layers' own reference, onnxruntime (web and
 * native) and PyTorch, all in one run and in turns. Their results are compared before anything is timed; tf.layers computes
 * another GRU, so its results are not. Each is given sequences in the layout it has by default.
 *
 *     npm --prefix scripts/bench ci      once: onnxruntime
 *     npm run bench -- [options]         --help lists them
 *
 * PyTorch is taken from the Python that TORCH_PYTHON names (scripts/requirements.txt). A peer that is not installed is left
 * out, unless --peers names it.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../../src/state-dict/index.js';
import { type BenchCase, caseTitle, makeNumbers, selectCases } from './cases.js';
import { Contestant, KINDS, type Kind } from './contestants.js';
import { type Growth, measureGrowth } from './growth.js';
import { describeMachine } from './machine.js';
import { type MeasureOptions, measureCase } from './measure.js';
import { type Options, readOptions, USAGE } from './options.js';
import { measureOverhead, type Overhead } from './overhead.js';
import { startOurs } from './peers/ours.js';
import { ratioChart } from './ratio-chart.js';
import { caseText, growthText, machineText, overheadText, ratioText, threadsText } from './report.js';
import { type CaseResult, toResult } from './results.js';
import { BusyProcess, Calibration, measureThreads, type ThreadsResult } from './threads.js';

const GROWTH_ROUNDS = { full: 9, quick: 2 };
const OVERHEAD_ROUNDS = { full: 50, quick: 5 };

async function main(options: Options): Promise<void> {
  const machine = describeMachine();
  console.log(machineText(machine));
  const versions: Record<string, string> = {};
  const results = options.parts.includes('compare') ? await compare(options, versions) : [];
  const speed = options.isQuick ? 'quick' : 'full';
  let growths: Growth[] = [];
  let overhead: Overhead | undefined;
  const threads = options.parts.includes('threads') ? await compareThreads(options) : [];
  await startOurs({ backend: options.backend, threads: 1 });
  if (options.parts.includes('growth')) {
    growths = await measureGrowth(options.modes, GROWTH_ROUNDS[speed], options.isQuick ? 20 : 100);
    for (const growth of growths) print(growthText(growth));
  }
  if (options.parts.includes('overhead')) {
    overhead = measureOverhead(OVERHEAD_ROUNDS[speed]);
    print(overheadText(overhead));
  }
  if (options.json !== undefined) {
    const { backend } = options;
    const everything = { machine, versions, backend, results, threads, growths, overhead };
    await writeFile(options.json, `${JSON.stringify(everything, undefined, 1)}\n`);
  }
  if (options.svg !== undefined) await writeFile(options.svg, ratioChart(results, options.backend));
}

function print(text: string): void {
  console.log(`\n${text}`);
}

async function compare(options: Options, versions: Record<string, string>): Promise<CaseResult[]> {
  const contestants = await startContestants(options, versions);
  print(
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const results: CaseResult[] = [];
  try {
    for (const benchCase of casesOf(options))
      results.push(await compareCase(benchCase, contestants, { ...timesOf(options), folder }));
  } finally {
    for (const contestant of contestants) contestant.stop();
    await rm(folder, { recursive: true });
  }
  for (const cell of options.cells)
    for (const mode of options.modes) {
      const text = ratioText(results, cell, mode);
      if (text !== undefined) print(text);
    }
  return results;
}

/** On one thread and on two; the processes of both are there all the time, and only one of them is at work. */
async function compareThreads(options: Options): Promise<ThreadsResult[]> {
  const { rounds, isQuick } = options;
  const times = isQuick
    ? { bursts: rounds, pairs: 1, blockMs: 20, restMs: 50 }
    : { bursts: rounds, pairs: 4, blockMs: 80, restMs: 400 };
  const kind = KINDS.find(({ name }) => name === 'ours') as Kind;
  const contestants = [1, 2].map((threads) => new Contestant(kind, threads, options.backend, 120_000));
  const [one, two] = contestants as [Contestant, Contestant];
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const numbers = join(folder, 'numbers.safetensors');
  const [calibration, busy] = [new Calibration(), new BusyProcess()];
  const results: ThreadsResult[] = [];
  try {
    for (const benchCase of casesOf(options)) {
      await writeFile(numbers, writeSafetensors(makeNumbers(benchCase)));
      for (const contestant of contestants) {
        await contestant.ask({ command: 'prepare', case: benchCase, numbers });
        await contestant.ask({ command: 'measure', warmMs: isQuick ? 20 : 300, blockMs: 0, maxRuns: 1 });
      }
      const ofCase: ThreadsResult[] = [];
      for (const other of [undefined, busy])
        ofCase.push(await measureThreads(benchCase, [one, two], other, calibration, times));
      print(threadsText(ofCase));
      results.push(...ofCase);
    }
  } finally {
    busy.stop();
    for (const contestant of contestants) contestant.stop();
    await calibration.stop();
    await rm(folder, { recursive: true });
  }
  return results;
}

function casesOf({ isQuick, ...selection }: Options): BenchCase[] {
  const cases = selectCases(selection);
  return isQuick && !selection.shapes ? cases.filter(({ name }) => name !== 'large') : cases;
}

function timesOf({ rounds, isQuick }: Options): Omit<MeasureOptions, 'folder'> {
  return isQuick
    ? { rounds, blockMs: 20, firstWarmMs: 150, budgetMs: 5000 }
    : { rounds, blockMs: 150, firstWarmMs: 500, budgetMs: 30_000 };
}

async function compareCase(
  benchCase: BenchCase,
  contestants: readonly Contestant[],
  options: MeasureOptions,
): Promise<CaseResult> {
  const outcomes = await measureCase(benchCase, contestants, options);
  const result = toResult(benchCase, outcomes);
  print(caseText(result));
  if (outcomes.some(({ isWrong }) => isWrong)) {
    console.log(`WRONG RESULTS in ${caseTitle(benchCase)}`);
    process.exitCode = 1;
  }
  return result;
}

/** Those that are there, each with every number of threads that it can run with. */
async function startContestants(
  options: Options,
  versions: Record<string, string>,
): Promise<readonly Contestant[]> {
  const limitMs = options.isQuick ? 20_000 : 120_000;
  const started: Contestant[] = [];
  for (const kind of KINDS.filter(({ name }) => options.peers.includes(name)))
    for (const threads of options.threads) {
      const contestant = new Contestant(kind, threads, options.backend, limitMs);
      try {
        const hello = await contestant.start();
        Object.assign(versions, hello.versions);
        if (hello.hasThreads) started.push(contestant);
        else contestant.stop();
      } catch (error) {
        if (options.hasChosenPeers || kind.name === 'ours') {
          for (const other of started) other.stop();
          throw error;
        }
        console.log(`without ${kind.name}: ${(error as Error).message}`);
        break;
      }
    }
  return started;
}

if (process.argv.includes('--help')) console.log(USAGE);
else
  try {
    await main(readOptions(process.argv.slice(2)));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
