/**
 * How fast the layers are in Chromium, on each backend of tfjs, beside tf.layers, the layers' own reference and onnxruntime-web,
 * all in turns. Their results are compared before anything is timed; tf.layers computes another GRU, so its results are not. A call
 * is timed until JavaScript has the values of its results, but gradients on wasm stay in tensors, as an optimizer takes them: on a GPU
 * reading is what waits for it. Data from JS are made tensors in a call, those on the GPU are results of ops.
 *
 *     npm --prefix scripts/bench ci          once: onnxruntime
 *     npm run bench:browser -- [options]     --help lists them
 *
 * CHROMIUM names the program where it is not in one of the usual places. Without a GPU webgl and webgpu run on SwiftShader.
 */

import { writeFile } from 'node:fs/promises';
import { launch } from '../../../spec/live/browser/drivers.js';
import { runCommand } from '../../support/run-command.js';
import type { BenchCase } from '../cases.js';
import { casesOf, compareCases, inFolder, print } from '../compare.js';
import { Contestant, type Kind } from '../contestants.js';
import { describeMachine } from '../machine.js';
import { machineText, overallText, versionsText } from '../report.js';
import type { CaseResult, ThreadsResult } from '../results.js';
import { compareThreads } from '../threads.js';
import { type FirstResult, firstText, measureFirstCalls } from './first-call.js';
import { type Options, readOptions, USAGE } from './options.js';
import { startPage } from './peer-page.js';
import { type PageServer, servePages } from './server.js';
import { isOnTfjs, kindsIn, type Setting, settingsOf, settingTitle } from './settings.js';
import { countWork, type WorkResult, workText } from './work.js';

/** Where nobody names cases: the work of a call depends on its steps and layers alone, and its first time hardly on sizes. */
const SHAPES_OF_WORK = ['tiny', 'b1', 'cls'];
const SHAPES_OF_FIRST = ['tiny'];

/** What was measured on one backend, with data in one place. */
interface SettingResult extends Setting {
  readonly results: readonly CaseResult[];
  readonly work: readonly WorkResult[];
  readonly first: readonly FirstResult[];
}

async function main(options: Options): Promise<void> {
  const machine = describeMachine();
  const browser = await browserName();
  console.log(`${machineText(machine)}\n${browser}`);
  const versions: Record<string, string> = {};
  const settings: SettingResult[] = [];
  let threads: readonly ThreadsResult[] = [];
  await inFolder(async (folder) => {
    const server = await servePages(folder);
    try {
      const browsers = new Browsers(options, server, folder);
      for (const setting of settingsOf(options.backends, options.places))
        settings.push(await browsers.measure(setting, versions));
      if (options.parts.includes('threads')) threads = await browsers.compareThreads();
    } finally {
      server.close();
    }
  });
  print(versionsText(versions));
  if (options.json !== undefined)
    await writeFile(
      options.json,
      `${JSON.stringify({ machine, browser, versions, settings, threads }, undefined, 1)}\n`,
    );
}

async function browserName(): Promise<string> {
  const browser = await launch('chromium');
  await browser.close();
  return browser.name;
}

class Browsers {
  constructor(
    private readonly options: Options,
    private readonly server: PageServer,
    private readonly folder: string,
  ) {}

  async measure(setting: Setting, versions: Record<string, string>): Promise<SettingResult> {
    const { parts } = this.options;
    const hasGpu = setting.backend !== 'wasm';
    const isAsked =
      parts.includes('compare') || (hasGpu && (parts.includes('work') || parts.includes('first')));
    if (isAsked) print(`=== ${settingTitle(setting)} ===`);
    return {
      ...setting,
      results: parts.includes('compare') ? await this.compare(setting, versions) : [],
      work: hasGpu && parts.includes('work') ? await this.work(setting) : [],
      first: hasGpu && parts.includes('first') ? await this.first(setting) : [],
    };
  }

  compareThreads(): Promise<ThreadsResult[]> {
    print('=== wasm, one thread and two ===');
    const setting: Setting = { backend: 'wasm', place: 'js' };
    const [ours] = kindsIn(setting) as [Kind];
    const pair = [1, 2].map((threads) => this.contestant(ours, setting, threads, {}));
    return compareThreads(this.options, pair as [Contestant, Contestant], this.folder);
  }

  private contestant(kind: Kind, setting: Setting, threads: number, { watch = false }): Contestant {
    const { backend, place } = setting;
    const page = { peer: kind.name, backend, data: place, threads, watch };
    const limitMs = this.options.isQuick ? 20_000 : 120_000;
    return new Contestant(kind, threads, () => startPage(this.server, page), limitMs);
  }

  /** Threads are compared on wasm alone. */
  private contestants(setting: Setting, { watch = false } = {}): Contestant[] {
    const threads = setting.backend === 'wasm' ? this.options.threads : [1];
    return kindsIn(setting)
      .filter(({ name }) => this.options.peers.includes(name))
      .flatMap((kind) => threads.map((count) => this.contestant(kind, setting, count, { watch })));
  }

  private async compare(setting: Setting, versions: Record<string, string>): Promise<CaseResult[]> {
    const contestants = this.contestants(setting);
    try {
      // One that does not start has a row of its own in each case, with the reason.
      const results = await compareCases(this.options, contestants, this.folder);
      print(overallText(results));
      for (const { hello } of contestants) Object.assign(versions, hello?.versions);
      return results;
    } finally {
      for (const contestant of contestants) contestant.stop();
    }
  }

  /** Those that the user names, else few. */
  private casesIn(few: readonly string[]): BenchCase[] {
    const { shapes = few } = this.options;
    return casesOf({ ...this.options, shapes });
  }

  private async work(setting: Setting): Promise<WorkResult[]> {
    const contestants = this.contestants(setting, { watch: true });
    const results: WorkResult[] = [];
    try {
      for (const benchCase of this.casesIn(SHAPES_OF_WORK)) {
        const result = await countWork(benchCase, contestants, this.folder);
        print(workText(result));
        results.push(result);
      }
    } finally {
      for (const contestant of contestants) contestant.stop();
    }
    return results;
  }

  private async first(setting: Setting): Promise<FirstResult[]> {
    const contestants = this.contestants(setting).filter(({ kind }) => isOnTfjs(kind));
    const { folder, options } = this;
    const rounds = options.isQuick ? 1 : 3;
    const results: FirstResult[] = [];
    for (const benchCase of this.casesIn(SHAPES_OF_FIRST).filter(({ mode }) => mode === 'forward')) {
      const result = await measureFirstCalls(benchCase, contestants, rounds, folder);
      print(firstText(result));
      results.push(result);
    }
    return results;
  }
}

if (process.argv.includes('--help')) console.log(USAGE);
else await runCommand(() => main(readOptions(process.argv.slice(2))));
