/** The combinations that two of PyTorch's own tests run, each with every result and every gradient. */

import * as tf from '@tensorflow/tfjs';
import type { LayerConfig, LayerFixture, LayerModule } from '../../support/fixtures.js';
import { forward, type Inputs, layerOf, type RecurrentLayer } from '../../support/parity.js';
import { Random } from '../../support/random.js';
import { compareOnEachBackend } from './backends.js';
import type { LayerCase } from './cases.js';
import { compareSubject, type WorstErrors } from './compare.js';
import type { Session } from './session.js';

const BOOLEANS = [true, false];

/** Every choice of one value of each axis, the last axis fastest. */
function product(axes: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  return Object.entries(axes).reduce<Record<string, unknown>[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

function titleOf(combination: object): string {
  return Object.entries(combination)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

interface CudnnCombination {
  readonly module: LayerModule;
  readonly bias: boolean;
  readonly bidirectional: boolean;
  readonly batchFirst: boolean;
  readonly contiguous: boolean;
  readonly variableLen: boolean;
  readonly lensAsTensor: boolean;
  readonly projSize?: number;
  readonly nonlinearity?: LayerConfig['nonlinearity'];
}

const CUDNN_AXES = {
  bias: BOOLEANS,
  bidirectional: BOOLEANS,
  batchFirst: BOOLEANS,
  contiguous: BOOLEANS,
  variableLen: BOOLEANS,
  lensAsTensor: BOOLEANS,
};
const PLAIN = { bias: false, bidirectional: false, batchFirst: false, contiguous: true, variableLen: false };

/** The 192 of test/test_nn.py's test_RNN_cpu_vs_cudnn, its two nonlinearities and its 64 LSTMs with projections. */
const CUDNN_COMBINATIONS = [
  ...product({ module: ['RNN', 'LSTM', 'GRU'], ...CUDNN_AXES }),
  ...product({ module: ['RNN'], nonlinearity: ['tanh', 'relu'] }).map((own) => ({
    ...PLAIN,
    lensAsTensor: false,
    ...own,
  })),
  ...product({ module: ['LSTM'], projSize: [3], ...CUDNN_AXES }),
] as unknown as readonly CudnnCombination[];

/** Like test_RNN_cpu_vs_cudnn: one backward pass from output and final states together. */
export function compareCudnnCombinations(session: Session): void {
  for (const [index, combination] of CUDNN_COMBINATIONS.entries()) {
    const { module, contiguous, variableLen, lensAsTensor, ...config } = combination;
    const layerCase: LayerCase = {
      seed: session.seed + index,
      module,
      config: { inputSize: 10, hiddenSize: 6, numLayers: 2, ...config },
      steps: 7,
      batch: 6,
      hasH0: true,
      lengths: variableLen ? [7, 5, 5, 2, 1, 1] : null,
      sumOfLosses: true,
    };
    const title = titleOf(combination);
    const comparison = { group: 'test_RNN_cpu_vs_cudnn', title, part: 'cudnn' as const, seed: session.seed };
    compareOnEachBackend(session, comparison, async (worst) => {
      const fixture = await session.ask<LayerFixture>(layerCase);
      await withLayer(fixture, async (layer) => {
        const compute = (inputs: Inputs) =>
          forward(layer, contiguous ? inputs : asViews(inputs), lengthsOf(fixture, lensAsTensor));
        await compareSubject(fixture, { layer, compute }, worst);
      });
    });
  }
}

function lengthsOf({ lengths }: LayerFixture, asTensor: boolean) {
  return lengths && asTensor ? tf.tensor1d([...lengths], 'int32') : lengths;
}

/** Each input as part of a larger tensor. On the cpu backend it then starts inside another's array. */
function asViews(inputs: Inputs): Inputs {
  const viewed = ['x', 'h0', 'c0'].flatMap((name) => {
    const tensor = inputs.get(name);
    if (!tensor) return [];
    const larger = tf.concat([tf.zerosLike(tensor), tensor]);
    const start = tensor.shape.map((size, axis) => (axis === 0 ? size : 0));
    return [[name, tf.slice(larger, start, tensor.shape)] as const];
  });
  return new Map([...inputs, ...viewed]);
}

interface OnnxCombination {
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly initialState: boolean;
  readonly packed: 'no' | 'time-major' | 'batch-first';
  readonly dropout: number;
}

/** The 48 of _gru_test in the tests of PyTorch's ONNX export. */
const ONNX_COMBINATIONS = product({
  layers: [1, 3],
  bidirectional: BOOLEANS,
  initialState: BOOLEANS,
  packed: ['no', 'time-major', 'batch-first'],
  dropout: [0, 0.2],
}) as unknown as readonly OnnxCombination[];

const ONNX_MAX_STEPS = 11;

/** Like _gru_test: in eval mode, batches of 7 and of 8 through the same layer. */
export function compareOnnxCombinations(session: Session): void {
  for (const [index, combination] of ONNX_COMBINATIONS.entries()) {
    const seed = session.seed + index;
    const random = new Random(seed);
    const cases = [7, 8].map((batch) => onnxCase(combination, seed, batch, random));
    const title = titleOf(combination);
    const comparison = { group: '_gru_test', title, part: 'onnx' as const, seed: session.seed };
    compareOnEachBackend(session, comparison, async (worst) => {
      const fixtures: LayerFixture[] = [];
      for (const layerCase of cases) fixtures.push(await session.ask<LayerFixture>(layerCase));
      await withoutDropoutWarning(() =>
        withLayer(fixtures[0] as LayerFixture, async (layer) => {
          for (const fixture of fixtures) await compareCall(fixture, layer, worst);
        }),
      );
    });
  }
}

/** The same seed gives the same weights, whatever the batch. */
function onnxCase(combination: OnnxCombination, seed: number, batch: number, random: Random): LayerCase {
  const { layers, bidirectional, initialState, packed, dropout } = combination;
  const lengths = Array.from({ length: batch }, () => random.integer(1, ONNX_MAX_STEPS)).sort(
    (a, b) => b - a,
  );
  return {
    seed,
    module: 'GRU',
    config: {
      inputSize: 5,
      hiddenSize: 3,
      numLayers: layers,
      bias: true,
      batchFirst: packed === 'batch-first',
      bidirectional,
      dropout,
    },
    steps: lengths[0] as number,
    batch,
    hasH0: initialState,
    lengths: packed === 'no' ? null : lengths,
    sumOfLosses: true,
  };
}

async function compareCall(fixture: LayerFixture, layer: RecurrentLayer, worst: WorstErrors): Promise<void> {
  const compute = (inputs: Inputs) => forward(layer, inputs, fixture.lengths);
  await compareSubject(fixture, { layer, compute }, worst);
}

/** Both libraries warn about dropout with one layer, which is intended here. */
async function withoutDropoutWarning(body: () => Promise<void>): Promise<void> {
  const { warn } = console;
  console.warn = () => {};
  try {
    await body();
  } finally {
    console.warn = warn;
  }
}

async function withLayer(
  fixture: LayerFixture,
  body: (layer: RecurrentLayer) => Promise<void>,
): Promise<void> {
  const layer = layerOf(fixture);
  try {
    await body(layer);
  } finally {
    layer.dispose();
  }
}
