/** Reads what scripts/fixtures/torch_fixtures/training wrote: PyTorch 2.13's training, update by update. */

import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { type FloatTensor, type NamedTensors, parseFixture } from '../support/fixtures.js';
import { fixtureNames, fixtureText } from '../support/node/files.js';

/** Every cell's fixture of one kind. */
function fixturesOf<T>(kind: string): T[] {
  return fixtureNames('torch/training')
    .filter((file) => file.startsWith(`${kind}-`))
    .map((file) => parseFixture<T>(fixtureText(`torch/training/${file}`)));
}

export type Cell = 'GRU' | 'LSTM' | 'RNN';

/** Where windows start in a text. */
interface Offsets extends TorchTensor {
  readonly dtype: 'I16';
  readonly data: Int16Array;
}

/** Windows of `steps` characters, each with the character that follows, by where they start in `text`. */
export interface Task {
  readonly text: string;
  /** A character's id is its position. */
  readonly vocabulary: string;
  /** T */
  readonly steps: number;
  /** `[updates, B]` */
  readonly starts: Offsets;
  /** Of windows that no batch trains on. */
  readonly heldOutStarts: Offsets;
}

/** torch's arguments: of SGD without `eps`, of Adam with it. */
export interface OptimizerOptions {
  readonly lr: number;
  readonly momentum?: number;
  readonly eps?: number;
}

export interface Curve {
  readonly options: OptimizerOptions;
  /** Before each update. */
  readonly losses: FloatTensor;
}

/** A character model under several optimizers, 200 updates each, and in hand-written loops, 20 updates each. */
export interface CurvesFixture {
  readonly task: Task;
  readonly cell: Cell;
  readonly stateDict: StateDict;
  readonly curves: Readonly<Record<string, Curve & { readonly heldOutLoss: number }>>;
  readonly loops: {
    /** `norms` of all gradients together, before they are clipped to `maxNorm`. */
    readonly clipNorm: Curve & { readonly maxNorm: number; readonly norms: FloatTensor };
    readonly clipValue: Curve & { readonly clipValue: number };
    readonly frozen: Curve & { readonly module: string };
  };
}

/** One layer, `encoder`, reads `a` `[B, T, I]` and `b` `[B, T', I]`; `fc` sees its last outputs of both. SGD. */
export interface SharedFixture {
  readonly cell: Cell;
  readonly stateDict: StateDict;
  readonly a: FloatTensor;
  readonly b: FloatTensor;
  readonly y: FloatTensor;
  /** Of the first loss, by torch's names. */
  readonly gradients: NamedTensors;
  readonly learningRate: number;
  readonly losses: FloatTensor;
  readonly trained: { readonly stateDict: StateDict };
}

/** A character model whose `fc.weight` is its `embedding.weight`; 25 updates of SGD. */
export interface TiedFixture extends Curve {
  readonly task: Task;
  readonly cell: Cell;
  readonly stateDict: StateDict;
  readonly heldOutLoss: number;
}

/** A recurrent layer `rnn` with dropout, and `fc` on its last output. */
export interface DropoutFixture {
  readonly cell: Cell;
  readonly numLayers: number;
  readonly stateDict: StateDict;
  /** `[B, T, I]` */
  readonly x: FloatTensor;
  /** `[B, 1]` */
  readonly y: FloatTensor;
  /** `output` `[T, H]` of the first row of x in many draws. */
  readonly some: {
    readonly dropout: number;
    readonly draws: number;
    readonly moments: {
      readonly mean: FloatTensor;
      readonly variance: FloatTensor;
      /** Fourth central moment. */
      readonly fourth: FloatTensor;
    };
  };
  /** With a probability of 1, which leaves nothing to chance. SGD. */
  readonly all: {
    /** `fc`'s output `[B, 1]`. */
    readonly inTraining: FloatTensor;
    readonly inEvaluation: FloatTensor;
    readonly learningRate: number;
    /** In training mode, before each update. */
    readonly losses: FloatTensor;
    /** Of the same weights, in evaluation mode. */
    readonly lossesInEvaluation: FloatTensor;
  };
  /**
   * Two layers without bias, all weights alike, x all ones: every unit's output after one step, by how much of what the
   * lower layer gives arrives at the upper one. An RNN with relu.
   */
  readonly constant: {
    readonly inputSize: number;
    readonly hiddenSize: number;
    readonly weight: number;
    readonly ofNothing: number;
    readonly of80Percent: number;
    readonly ofAll: number;
    readonly of120Percent: number;
  };
}

export const curvesFixtures = () => fixturesOf<CurvesFixture>('curves');
export const sharedFixtures = () => fixturesOf<SharedFixture>('shared');
export const tiedFixtures = () => fixturesOf<TiedFixture>('tied');
export const dropoutFixtures = () => fixturesOf<DropoutFixture>('dropout');
