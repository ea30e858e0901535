/**
 * How fast the layers are, beside what else runs such a network: tf.layers, the layers' own reference, onnxruntime (web and
 * native) and PyTorch, all in one run and in turns. Their results are compared before anything is timed; tf.layers computes
 * another GRU, so its results are not. Each is given sequences in the layout it has by default.
 *
 * A timed forward call ends with values that JavaScript can read, that of PyTorch with its tensors. A timed call of training ends with
 * gradients in tensors, in PyTorch as here: an optimizer takes them so. They are read once, untimed, for the comparison.
 *
 *     npm --prefix scripts/bench ci      once: onnxruntime
 *     npm run bench -- [options]         --help lists them
 *
 * PyTorch is taken from the Python that TORCH_PYTHON names (scripts/requirements.txt). A peer that is not installed is left
 * out, unless --peers names it.
 */

import { writeFile } from 'node:fs/promises';
import { startBackend } from '../../examples/support/backend.js';
import { runCommand } from '../support/run-command.js';
import { compareCases, inFolder, print } from './compare.js';
import { Contestant, KINDS, type Kind } from './contestants.js';
import { type Growth, measureGrowth } from './growth.js';
import { describeMachine } from './machine.js';
import { type Options, readOptions, USAGE } from './options.js';
import { measureOverhead, type Overhead } from './overhead.js';
import { startProcess } from './peer-process.js';
import { startOurs } from './peers/ours.js';
import { ratioChart } from './ratio-chart.js';
import { growthText, machineText, overallText, overheadText, versionsText } from './report.js';
import type { CaseResult } from './results.js';
import { compareThreads } from './threads.js';

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
  const threads = options.parts.includes('threads')
    ? await inFolder((folder) => compareThreads(options, oneAndTwo(options), folder))
    : [];
  await startOurs({ start: () => startBackend(options.backend), opsHaveThreads: false }, 1);
  if (options.parts.includes('growth')) {
    growths = await measureGrowth(options.modes, GROWTH_ROUNDS[speed], options.isQuick ? 20 : 100);
    for (const growth of growths) print(growthText(growth));
  }
  if (options.parts.includes('overhead')) {
    overhead = measureOverhead(OVERHEAD_ROUNDS[speed]);
    print(overheadText(overhead));
  }
  print(overallText(results));
  if (options.json !== undefined) {
    const { backend } = options;
    const everything = { machine, versions, backend, results, threads, growths, overhead };
    await writeFile(options.json, `${JSON.stringify(everything, undefined, 1)}\n`);
  }
  if (options.svg !== undefined) await writeFile(options.svg, ratioChart(results, options.backend));
}

async function compare(options: Options, versions: Record<string, string>): Promise<CaseResult[]> {
  const contestants = await startContestants(options, versions);
  print(versionsText(versions));
  try {
    return await inFolder((folder) => compareCases(options, contestants, folder));
  } finally {
    for (const contestant of contestants) contestant.stop();
  }
}

function contestantOf(kind: Kind, threads: number, { backend, isQuick }: Options): Contestant {
  const limitMs = isQuick ? 20_000 : 120_000;
  return new Contestant(kind, threads, () => startProcess(kind, threads, backend), limitMs);
}

/** This package on one thread and on two. */
function oneAndTwo(options: Options): [Contestant, Contestant] {
  const ours = KINDS[0] as Kind;
  return [contestantOf(ours, 1, options), contestantOf(ours, 2, options)];
}

/** Those that are there, each with every number of threads that it can run with. */
async function startContestants(
  options: Options,
  versions: Record<string, string>,
): Promise<readonly Contestant[]> {
  const started: Contestant[] = [];
  for (const kind of KINDS.filter(({ name }) => options.peers.includes(name)))
    for (const threads of options.threads) {
      const contestant = contestantOf(kind, threads, options);
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
else await runCommand(() => main(readOptions(process.argv.slice(2))));
