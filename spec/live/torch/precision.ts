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

export function comparePrecision(session: Session): void {
  for (const { module, ...own } of LAYERS)
    for (const scale of SCALES) {
      let runs: Promise<Run[]> | undefined;
      const title = `${[module, ...Object.values(own)].join(' ')}, |x| up to ${scale},`;
      checkOnEachBackend(session, title, { part: 'precision' }, async (backend) => {
        runs ??= askRuns(session, module, own, scale);
        comparePooled(`${title} on ${backend}`, await runs);
      });
    }
}

async function askRuns(
  { oracle, seed }: Session,
  module: LayerModule,
  own: Partial<LayerConfig>,
  scale: number,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await ask(oracle, module, own, scale, seed + i));
  return runs;
}

async function ask(
  oracle: Oracle,
  module: LayerModule,
  own: Partial<LayerConfig>,
  scale: number,
  seed: number,
): Promise<Run> {
  const config: LayerConfig = {
    inputSize: 24,
    hiddenSize: 40,
    numLayers: 1 + (seed % 2),
    bias: seed % 5 !== 0,
    batchFirst: true,
    bidirectional: seed % 3 === 0,
    ...own,
  };
  const request = { command: 'run_in_both_precisions', module, config, seed, batch: 8, steps: 20, scale };
  const { single, double, ...values } = await oracle.ask<Answer>(request);
  const fixture = { name: String(seed), module, config, lengths: null, ...values, ...single.results };
  return { fixture: fixture as unknown as LayerFixture, single, double };
}

/** @throws Error naming the results or gradients whose average error is too large. */
function comparePooled(title: string, runs: readonly Run[]): void {
  const pool = new Map<string, Errors>();
  for (const run of runs) addErrors(pool, run);
  const ratios = [...pool].map(([kind, { ours, torch }]) => [kind, ours / torch] as const);
  console.log(`${title}: ${ratios.map(([kind, ratio]) => `${kind} ${ratio.toFixed(2)}`).join(', ')}`);
  // The ratio is NaN where there is no error to compare with.
  for (const [kind, ratio] of ratios)
    if (!(ratio <= LARGEST_RATIO))
      throw new Error(`${kind}: ${ratio} times PyTorch's error > ${LARGEST_RATIO}`);
}

function addErrors(pool: Map<string, Errors>, { fixture, single, double }: Run): void {
  const { layer, compute } = subjectOf(fixture);
  const add = (kind: string, actual: tf.Tensor, torch: ArrayLike<number>, exact: ArrayLike<number>) => {
    const errors = pool.get(kind) ?? { ours: 0, torch: 0 };
    pool.set(kind, errors);
    errors.ours += sumOfErrors(actual.dataSync(), exact);
    errors.torch += sumOfErrors(torch, exact);
  };
  withVariables(fixture, layer, (variables) => {
    // hn alone has too few values for an average.
    for (const [name, tensor] of Object.entries(compute(variables)))
      add(name === 'cn' ? 'c' : 'h', tensor, dataOf(single.results, name), dataOf(double.results, name));
    // Gradients are averaged over all layers and directions.
    for (const [name, tensor] of gradientsOf(() => lossOf(compute(variables), fixture, 'sum'), variables))
      add(
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
