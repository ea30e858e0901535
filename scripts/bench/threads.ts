/**
 * One thread beside two: the ratio of paired turns, alone and beside one busy process.
 *
 * A host may throttle two busy processors after some seconds without a word, so turns come in bursts of about a second with rests
 * in between. Each burst begins with two independent loops against one: where those together are less than 1.8 times as fast,
 * the host gave no second processor, and the burst is left out.
 */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { writeSafetensors } from '../../src/state-dict/index.js';
import { BusyProcess } from './busy-process.js';
import { type BenchCase, makeNumbers } from './cases.js';
import { casesOf, print } from './compare.js';
import type { Contestant } from './contestants.js';
import type { Competitor } from './measure.js';
import type { CommonOptions } from './options.js';
import type { Measured } from './protocol.js';
import { threadsText } from './report.js';
import type { ThreadsResult } from './results.js';
import { median, summarize } from './stats.js';

interface ThreadsOptions {
  readonly bursts: number;
  /** Pairs of turns in a burst. */
  readonly pairs: number;
  /** Milliseconds of calls in a turn. */
  readonly blockMs: number;
  readonly restMs: number;
}

const LEAST_SPEED_UP = 1.8;
const SPIN_MS = 60;
/** Calls before each turn that are not counted: the other process had the caches. */
const WARM_MS = 15;
const MAX_RUNS = 100_000;

/** Two loops in threads of this process. */
class Calibration {
  private readonly workers = [0, 1].map(
    () =>
      new Worker(
        `require('node:worker_threads').parentPort.on('message', (ms) => {
          const end = performance.now() + ms;
          let count = 0;
          while (performance.now() < end) for (let i = 0; i < 1000; i++) count++;
          require('node:worker_threads').parentPort.postMessage(count);
        });`,
        { eval: true },
      ),
  );

  /** How much faster two loops are than one. */
  async speedUp(): Promise<number> {
    const [first, second] = this.workers as [Worker, Worker];
    const alone = await spin(first);
    const together = await Promise.all([spin(first), spin(second)]);
    return (together[0] + together[1]) / alone;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

async function spin(worker: Worker): Promise<number> {
  worker.postMessage(SPIN_MS);
  const [count] = (await once(worker, 'message')) as [number];
  return count;
}

/**
 * @param contestants  this package on one thread and on two: both are there all the time, and only one of them is at work.
 * @param folder  where they find their numbers.
 */
export async function compareThreads(
  options: CommonOptions,
  contestants: readonly [one: Contestant, two: Contestant],
  folder: string,
): Promise<ThreadsResult[]> {
  const { rounds, isQuick } = options;
  const times = isQuick
    ? { bursts: rounds, pairs: 1, blockMs: 20, restMs: 50 }
    : { bursts: rounds, pairs: 4, blockMs: 80, restMs: 400 };
  const [calibration, busy] = [new Calibration(), new BusyProcess()];
  const results: ThreadsResult[] = [];
  try {
    const numbers = join(folder, 'numbers.safetensors');
    for (const benchCase of casesOf(options)) {
      await writeFile(numbers, writeSafetensors(makeNumbers(benchCase)));
      for (const contestant of contestants) {
        await contestant.ask({ command: 'prepare', case: benchCase, numbers });
        await contestant.ask({ command: 'measure', warmMs: isQuick ? 20 : 300, blockMs: 0, maxRuns: 1 });
      }
      const ofCase: ThreadsResult[] = [];
      for (const other of [undefined, busy])
        ofCase.push(await measureThreads(benchCase, contestants, other, calibration, times));
      print(threadsText(ofCase));
      results.push(...ofCase);
    }
  } finally {
    busy.stop();
    for (const contestant of contestants) contestant.stop();
    await calibration.stop();
  }
  return results;
}

/** @param contestants both with the case prepared. */
async function measureThreads(
  benchCase: BenchCase,
  contestants: readonly [one: Competitor, two: Competitor],
  busy: BusyProcess | undefined,
  calibration: Calibration,
  options: ThreadsOptions,
): Promise<ThreadsResult> {
  const ratios: number[] = [];
  const times: number[] = [];
  let leftOut = 0;
  for (let burst = 0; burst < options.bursts; burst++) {
    await rest(options.restMs);
    if ((await calibration.speedUp()) < LEAST_SPEED_UP) {
      leftOut++;
      continue;
    }
    busy?.begin();
    for (let pair = 0; pair < options.pairs; pair++) {
      // Who comes first changes, so that neither has the better place.
      const order = pair % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
      const means = [0, 0];
      for (const i of order) means[i] = await meanTime(contestants[i], options.blockMs);
      const [one, two] = means as [number, number];
      times.push(one);
      ratios.push(two / one);
    }
    busy?.pause();
  }
  return {
    case: benchCase,
    isBusy: busy !== undefined,
    milliseconds: times.length > 0 ? median(times) : Number.NaN,
    ratio: ratios.length > 0 ? summarize(ratios) : undefined,
    bursts: options.bursts,
    leftOut,
  };
}

/** Not the median: a call that waits for a lost processor takes many times as long as the others. */
async function meanTime(contestant: Competitor, blockMs: number): Promise<number> {
  const request = { command: 'measure', warmMs: WARM_MS, blockMs, maxRuns: MAX_RUNS } as const;
  const { times } = await contestant.ask<Measured>(request);
  return times.reduce((sum, ms) => sum + ms, 0) / times.length;
}
