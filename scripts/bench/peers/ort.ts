/** Shared by onnxruntime's two packages, which have one interface. */

import type { StateDict, TorchTensor } from '../../../src/state-dict/index.js';
import { type BenchCase, stateNames, valuesOf, weightsOf } from '../cases.js';
import { recurrentModel } from '../onnx/model.js';
import type { Peer, PeerOptions, Prepared } from './peer.js';

interface OrtTensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The part of the packages that is used here: a type check runs without them. */
export interface Ort {
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly env: { readonly versions: { readonly common: string }; readonly wasm: { numThreads?: number } };
}

/** @throws Error with the remedy where the package is not installed. */
export async function importOrt(name: string): Promise<Ort> {
  try {
    const module = (await import(name)) as Ort & { readonly default?: Ort };
    return module.default ?? module;
  } catch (cause) {
    const [reason] = String((cause as Error).message).split('\n');
    throw new Error(`${name} cannot be loaded: ${reason}. Run \`npm --prefix scripts/bench ci\``, { cause });
  }
}

export function ortPeer(name: string, ort: Ort, options: object): Peer {
  return {
    versions: { [name]: ort.env.versions.common },
    hasThreads: true,
    prepare: (benchCase, numbers) => prepare(ort, options, benchCase, numbers),
  };
}

/** One graph at a time; `threads` inside it. */
export function sessionOptions(provider: string, { threads }: PeerOptions): object {
  return { executionProviders: [provider], intraOpNumThreads: threads, interOpNumThreads: 1 };
}

async function prepare(
  ort: Ort,
  options: object,
  benchCase: BenchCase,
  numbers: StateDict,
): Promise<Prepared> {
  const session = await ort.InferenceSession.create(recurrentModel(benchCase, weightsOf(numbers)), options);
  const feeds = feedsOf(ort, benchCase, numbers);
  const run = async () => Object.values(await session.run(feeds)).map(({ data }) => data);
  return {
    run,
    results: async () => resultsOf(benchCase, await session.run(feeds)),
    dispose: () => session.release(),
  };
}

function feedsOf(ort: Ort, benchCase: BenchCase, numbers: StateDict): Record<string, OrtTensor> {
  const { cell, steps, batch, inputSize, hiddenSize, layers, directions } = benchCase;
  const x = new ort.Tensor('float32', valuesOf(numbers, 'x'), [steps, batch, inputSize]);
  const feeds: Record<string, OrtTensor> = { x };
  const size = directions * batch * hiddenSize;
  for (const name of stateNames(cell))
    for (let layer = 0; layer < layers; layer++) {
      const values = valuesOf(numbers, name).slice(layer * size, (layer + 1) * size);
      feeds[`${name}_l${layer}`] = new ort.Tensor('float32', values, [directions, batch, hiddenSize]);
    }
  return feeds;
}

function resultsOf(benchCase: BenchCase, results: Readonly<Record<string, OrtTensor>>): StateDict {
  const { cell, steps, batch, hiddenSize, layers, directions } = benchCase;
  const data = (name: string) => (results[name] as OrtTensor).data;
  const stateShape = [layers * directions, batch, hiddenSize];
  const states = stateNames(cell).map((initial) => {
    const name = initial.replace('0', 'n');
    const values = Array.from({ length: layers }, (_, layer) => [...data(`${name}_l${layer}`)]).flat();
    return [name, { dtype: 'F32', shape: stateShape, data: Float32Array.from(values) }] as const;
  });
  const output: TorchTensor = {
    dtype: 'F32',
    shape: [steps, batch, directions * hiddenSize],
    data: Float32Array.from(data('output')),
  };
  return new Map<string, TorchTensor>([['output', output], ...states]);
}
