/** Compares the rounding errors of layers and of PyTorch, both against PyTorch in float64, for inputs up to 1e4. */

import type * as tf from '@tensorflow/tfjs';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import type { LayerConfig, LayerFixture, LayerModule, NamedTensors } from '../../support/fixtures.js';
import { gradientsOf, lossOf, withVariables } from '../../support/gradients.js';
import { subjectOf } from '../../support/parity.js';
import { checkOnEachBackend } from './backends.js';
import type { Oracle } from './oracle.js';
import type { Session } from './session.js';

const LAYERS: readonly (Pick<LayerConfig, 'nonlinearity'> & { readonly module: LayerModule })[] = [
  { module: 'GRU' },
  { module: 'LSTM' },
  { module: 'RNN', nonlinearity: 'tanh' },
  { module: 'RNN', nonlinearity: 'relu' },
];

/** The largest |x|. At 1e4 nearly every gate is 0 or 1, and the few that are not carry the rounding of sums of thousands. */
const SCALES = [1, 1e2, 1e4];

/**
 * Runs of each layer and scale whose errors are averaged. One run says little of large inputs: its error is that of the few gates
 * that happened to be near their bend, and there either library may be ten times as good as the other by luck.
 */
const RUNS = 60;

/** Our error divided by PyTorch's. It needs no floor: averages over so many values are never exactly zero by luck. */
const LARGEST_RATIO = 2;

/**
 * Long sequences of layers whose weights are as large as training makes them: each step carries the rounding of all steps before, and
 * now and then a gate near its bend multiplies it. So the median of many runs is held; these do not follow the seed, since it scatters.
 * Measured: GRU 1.23 (1.19 with fused multiply-add), LSTM 1.00, RNN 1.04.
 */
const LONG = { runs: 60, gain: 1.8, scale: 1, batch: 1, steps: 300, gradients: false };
const LARGEST_MEDIAN = 1.3;

/** The answer of oracle/precision.py. */
interface Answer {
  readonly x: NamedTensors['x'];
  readonly stateDict: StateDict;
  readonly single: Pass;
  readonly double: Pass;
}

interface Pass {
  readonly results: Named;
  readonly gradients: Named;
}

type Named = Readonly<Record<string, { readonly data: ArrayLike<number> }>>;

interface Run {
  readonly fixture: LayerFixture;
  readonly single: Pass;
  readonly double: Pass;
}

/** Sums of absolute errors over all values of a kind. */
interface Errors {
  ours: number;
  torch: number;
}

/** What a run is asked with, beside its layer. */
interface Inputs {
  /** The largest |x|. */
  readonly scale: number;
  readonly batch: number;
  readonly steps: number;
  /** Factor of all weights. */
  readonly gain: number;
  readonly gradients: boolean;
}

export function comparePrecision(session: Session): void {
  for (const layer of LAYERS) {
    if (layer.nonlinearity !== 'relu') compareLong(session, layer);
    compareScales(session, layer);
  }
}

function compareScales(session: Session, { module, ...own }: (typeof LAYERS)[number]): void {
  for (const scale of SCALES) {
    let runs: Promise<Run[]> | undefined;
    const title = `${[module, ...Object.values(own)].join(' ')}, |x| up to ${scale},`;
    checkOnEachBackend(session, title, { part: 'precision' }, async (backend) => {
      runs ??= askRuns(session.oracle, seedsFrom(session.seed, RUNS), (seed) => {
        const shape = { numLayers: 1 + (seed % 2), bias: seed % 5 !== 0, bidirectional: seed % 3 === 0 };
        const config = { inputSize: 24, hiddenSize: 40, batchFirst: true, ...shape, ...own };
        return { module, config, scale, batch: 8, steps: 20, gain: 1, gradients: true };
      });
      await comparePooled(`${title} on ${backend}`, await runs);
    });
  }
}

function compareLong(session: Session, { module, ...own }: (typeof LAYERS)[number]): void {
  const { runs: count, ...inputs } = LONG;
  const config = { inputSize: 4, hiddenSize: 64, numLayers: 1, bias: true, batchFirst: true, ...own };
  let runs: Promise<Run[]> | undefined;
  const title = `${[module, ...Object.values(own)].join(' ')}, ${inputs.steps} steps of large weights,`;
  checkOnEachBackend(session, title, { part: 'precision' }, async (backend) => {
    runs ??= askRuns(session.oracle, seedsFrom(1, count), () => ({
      module,
      config: { ...config, bidirectional: false },
      ...inputs,
    }));
    await compareMedians(`${title} on ${backend}`, await runs);
  });
}

function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

type Asked = Inputs & { readonly module: LayerModule; readonly config: LayerConfig };

async function askRuns(
  oracle: Oracle,
  seeds: readonly number[],
  asked: (seed: number) => Asked,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const seed of seeds) runs.push(await ask(oracle, seed, asked(seed)));
  return runs;
}

async function ask(oracle: Oracle, seed: number, asked: Asked): Promise<Run> {
  const { module, config } = asked;
  const { single, double, ...values } = await oracle.ask<Answer>({
    command: 'run_in_both_precisions',
    seed,
    ...asked,
  });
  const fixture = { name: String(seed), module, config, lengths: null, ...values, ...single.results };
  return { fixture: fixture as unknown as LayerFixture, single, double };
}

/** @throws Error naming the results or gradients of which the median of the runs' ratios is too large. */
async function compareMedians(title: string, runs: readonly Run[]): Promise<void> {
  const ratios = new Map<string, number[]>();
  for (const run of runs) {
    const ofRun = new Map<string, Errors>();
    await addErrors(ofRun, run);
    for (const [kind, { ours, torch }] of ofRun)
      ratios.set(kind, [...(ratios.get(kind) ?? []), ours / torch]);
  }
  const medians = [...ratios].map(([kind, values]) => [kind, median(values)] as const);
  judge(`${title} median`, medians, LARGEST_MEDIAN);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

/** @throws Error naming the results or gradients whose average error is too large. */
async function comparePooled(title: string, runs: readonly Run[]): Promise<void> {
  const pool = new Map<string, Errors>();
  for (const run of runs) await addErrors(pool, run);
  judge(
    title,
    [...pool].map(([kind, { ours, torch }]) => [kind, ours / torch] as const),
    LARGEST_RATIO,
  );
}

/** The ratio is NaN where there is no error to compare with. */
function judge(
  title: string,
  ratios: readonly (readonly [kind: string, ratio: number])[],
  largest: number,
): void {
  console.log(`${title}: ${ratios.map(([kind, ratio]) => `${kind} ${ratio.toFixed(2)}`).join(', ')}`);
  for (const [kind, ratio] of ratios)
    if (!(ratio <= largest)) throw new Error(`${kind}: ${ratio} times PyTorch's error > ${largest}`);
}

/** Adds the errors of a run: of its results, and of its gradients if they were asked for. */
async function addErrors(pool: Map<string, Errors>, { fixture, single, double }: Run): Promise<void> {
  const { layer, compute } = subjectOf(fixture);
  const add = async (kind: string, actual: tf.Tensor, torch: ArrayLike<number>, exact: ArrayLike<number>) => {
    const errors = pool.get(kind) ?? { ours: 0, torch: 0 };
    pool.set(kind, errors);
    errors.ours += sumOfErrors(await actual.data(), exact);
    errors.torch += sumOfErrors(torch, exact);
  };
  await withVariables(fixture, layer, async (variables) => {
    // hn alone has too few values for an average.
    for (const [name, tensor] of Object.entries(compute(variables)))
      await add(
        name === 'cn' ? 'c' : 'h',
        tensor,
        dataOf(single.results, name),
        dataOf(double.results, name),
      );
    if (Object.keys(single.gradients).length === 0) return;
    // Gradients are averaged over all layers and directions.
    for (const [name, tensor] of gradientsOf(() => lossOf(compute(variables), fixture, 'sum'), variables))
      await add(
        `d ${name.replace(/_l\d.*/, '')}`,
        tensor,
        dataOf(single.gradients, name),
        dataOf(double.gradients, name),
      );
  });
  layer.dispose();
}

function dataOf(tensors: Named, name: string): ArrayLike<number> {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`torch has no ${name}`);
  return tensor.data;
}

function sumOfErrors(actual: ArrayLike<number>, exact: ArrayLike<number>): number {
  if (actual.length !== exact.length) throw new Error(`${actual.length} values, torch has ${exact.length}`);
  return Array.from(actual, (value, i) => Math.abs(value - (exact[i] as number))).reduce((a, b) => a + b, 0);
}
