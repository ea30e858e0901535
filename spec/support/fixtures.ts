/** Reads what scripts/fixtures/make_torch.py wrote: inputs, weights and results of PyTorch 2.13. */

import type { Nonlinearity } from '../../src/index.js';
import type { StateDict, TorchData, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { fixtureNames, fixtureText } from './node/files.js';

export interface FloatTensor extends TorchTensor {
  readonly dtype: 'F32';
  readonly data: Float32Array;
}

export interface IntTensor extends TorchTensor {
  readonly dtype: 'I32';
  readonly data: Int32Array;
}

/** By name: `x`, `h0` and `c0` where the case has them, then the weights in state_dict order. */
export type NamedTensors = Readonly<Record<string, FloatTensor>>;

export const LAYER_MODULES = ['GRU', 'LSTM', 'RNN'] as const;
export const CELL_MODULES = ['GRUCell', 'LSTMCell', 'RNNCell'] as const;
export type LayerModule = (typeof LAYER_MODULES)[number];
export type CellModule = (typeof CELL_MODULES)[number];

/** The arguments of `gruCell()` and its like. */
export interface CellConfig {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
  /** RNN and RNNCell only. */
  readonly nonlinearity?: Nonlinearity;
}

/** The arguments of `gru()` and its like. */
export interface LayerConfig extends CellConfig {
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly bidirectional: boolean;
  /** LSTM only. */
  readonly projSize?: number;
  readonly dropout?: number;
}

interface Run {
  readonly name: string;
  readonly stateDict: StateDict;
  readonly h0?: FloatTensor;
  /** LSTM and LSTMCell only, like every c. */
  readonly c0?: FloatTensor;
  /** The factor of the loss `sum(output * R)`, of a cell `sum(h * R)`. */
  readonly R: FloatTensor;
}

/** One forward pass of a recurrent layer. */
export interface LayerRun extends Run {
  readonly module: LayerModule;
  readonly config: LayerConfig;
  /** `[T, I]` where the case is unbatched. */
  readonly x: FloatTensor;
  readonly lengths?: readonly number[];
  readonly output: FloatTensor;
  readonly hn: FloatTensor;
  readonly cn?: FloatTensor;
}

/** T steps of a cell. */
export interface CellRun extends Run {
  readonly module: CellModule;
  readonly config: CellConfig;
  /** `[T, B, I]`, or `[T, I]` where the case is unbatched. */
  readonly x: FloatTensor;
  /** The states after every step, `[T, B, H]` or `[T, H]`. */
  readonly h: FloatTensor;
  readonly c?: FloatTensor;
}

export type RecurrentRun = LayerRun | CellRun;

interface FirstOrder {
  /** The factor of the loss `sum(hn * Rh)`. */
  readonly Rh?: FloatTensor;
  /** The factor of the loss `sum(cn * Rc)`, of a cell `sum(c * Rc)`. */
  readonly Rc?: FloatTensor;
  /** The gradients of each loss by the result that it is on, or of their `sum`. */
  readonly gradients: Readonly<Record<string, NamedTensors>>;
}

export type LayerFixture = LayerRun & FirstOrder;
export type CellFixture = CellRun & FirstOrder;
export type RecurrentFixture = LayerFixture | CellFixture;

/**
 * `first` = the gradients of the loss with R, `second` = d sum_i <first_i, V_i>, `penalty` = d (|first_x| - 1)^2, all by every
 * named tensor.
 */
export type SecondOrderFixture = RecurrentRun & {
  readonly V: NamedTensors;
  readonly first: NamedTensors;
  readonly second: NamedTensors;
  /** Absent of a relu, whose gradient by x does not depend on x. */
  readonly penalty?: NamedTensors;
};

/** One `torch.nn` module in eval mode; `args` under torch's names, `x` and `output` channels first. */
export interface ModuleFixture {
  readonly module: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly stateDict: StateDict;
  readonly x: FloatTensor | IntTensor;
  readonly output: FloatTensor;
  /** The factor of the loss `sum(output * R)`, and its gradients by the parameters, and by `x` where it is no ids. */
  readonly R: FloatTensor;
  readonly gradients: NamedTensors;
}

/** A call of `torch.nn.functional`; `options` under torch's names, tensors in torch's layout. */
export interface FunctionFixture {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** `input`, `weight`, and `bias` where there is one. */
  readonly inputs: NamedTensors;
  /** `running_mean` and `running_var` of batch_norm, before the call. */
  readonly statistics: NamedTensors;
  readonly output: FloatTensor;
  /** The factor of the loss `sum(output * R)`, and its gradients by the inputs. */
  readonly R: FloatTensor;
  readonly gradients: NamedTensors;
}

/** A convolutional model before and after updates of SGD; `x`, `y` and `output` channels last. */
export interface NormTrainingFixture {
  readonly stateDict: StateDict;
  readonly x: FloatTensor;
  readonly y: FloatTensor;
  readonly after: Readonly<Record<string, TorchTensor>>;
  /** Of the first batch, in eval mode. */
  readonly output: FloatTensor;
}

/** Embedding, three bidirectional GRU layers and Linear under nested names. */
export interface ModelFixture {
  /** The paths of the three modules in the state dict. */
  readonly modules: { readonly embedding: string; readonly gru: string; readonly fc: string };
  readonly stateDict: StateDict;
  readonly ids: IntTensor;
  /** Of every step, `[B, T, 3]`. */
  readonly logits: FloatTensor;
  /** Of the final states of both directions, `[B, 3]`. */
  readonly finalLogits: FloatTensor;
}

/** A padded classifier that packs: Embedding, Conv1d, LeakyReLU, a GRU of two directions, one vector a row, Linear. */
export interface LengthsFixture {
  readonly stateDict: StateDict;
  readonly ids: IntTensor;
  readonly logits: FloatTensor;
  /** The factor of the loss `sum(logits * R)`, whose gradients are stored by the names of the parameters. */
  readonly R: FloatTensor;
  readonly gradients: NamedTensors;
}

/** The network of examples/g2p, small: words and their phonemes as indices. */
export interface G2PFixture {
  readonly sizes: { readonly graphemes: number; readonly phonemes: number; readonly embeddingSize: number };
  readonly stateDict: StateDict;
  readonly words: readonly (readonly number[])[];
  readonly phonemes: readonly (readonly number[])[];
}

/** The message of torch for `code`. */
export type TorchMessage =
  | { readonly code: string; readonly outcome: 'accepted' }
  | {
      readonly code: string;
      readonly outcome: 'error' | 'warning';
      readonly type: string;
      readonly message: string;
    };

/** Every stored case of a layer. */
export function layerFixtures(module: LayerModule): LayerFixture[] {
  return namesIn(folderOf(module)).map((name) => layerFixture(module, name));
}

export function layerFixture(module: LayerModule, name: string): LayerFixture {
  return { name, module, ...read<Omit<LayerFixture, 'name' | 'module'>>(`${folderOf(module)}/${name}.json`) };
}

/** Every stored case of a cell. */
export function cellFixtures(module: CellModule): CellFixture[] {
  return namesIn(folderOf(module)).map((name) => ({
    name,
    module,
    ...read<Omit<CellFixture, 'name' | 'module'>>(`${folderOf(module)}/${name}.json`),
  }));
}

export function secondOrderFixtures(module: LayerModule | CellModule): SecondOrderFixture[] {
  const subfolder = `second-order/${folderOf(module)}`;
  return namesIn(subfolder).map(
    (name) => ({ name, module, ...read<object>(`${subfolder}/${name}.json`) }) as SecondOrderFixture,
  );
}

/** gru, lstm-cell, ... */
function folderOf(module: LayerModule | CellModule): string {
  return module.replace(/Cell$/, '-cell').toLowerCase();
}

export function moduleFixtures(): Map<string, ModuleFixture> {
  const { modules } = read<{ modules: Record<string, ModuleFixture> }>('modules.json');
  return new Map(Object.entries(modules));
}

export function functionFixtures(): Map<string, FunctionFixture> {
  const { cases } = read<{ cases: Record<string, FunctionFixture> }>('functional.json');
  return new Map(Object.entries(cases));
}

export function normTrainingFixture() {
  return read<{
    readonly learningRate: number;
    readonly batch: number;
    readonly batchNorm: NormTrainingFixture;
    readonly instanceNorm: NormTrainingFixture;
    /** With track_running_stats=False. */
    readonly ofBatchAlone: NormTrainingFixture;
  }>('norm-training.json');
}

export function modelFixture(): ModelFixture {
  return read<ModelFixture>('model.json');
}

/** By what makes one vector of a row: its last valid step, or the mean of the valid ones. */
export function lengthsFixture(): {
  readonly lengths: readonly number[];
  readonly last: LengthsFixture;
  readonly mean: LengthsFixture;
} {
  return read('lengths.json');
}

export function g2pFixture(): G2PFixture {
  return read<G2PFixture>('g2p.json');
}

/** The exact words of torch for a misuse, by its id in messages.json. */
export function torchMessage(id: string): TorchMessage {
  const { messages } = read<{ messages: Record<string, TorchMessage> }>('messages.json');
  const found = messages[id];
  if (!found) throw new Error(`messages.json has no "${id}"`);
  return found;
}

/** The ids of every misuse in messages.json. */
export function torchMessageIds(): string[] {
  return Object.keys(read<{ messages: object }>('messages.json').messages);
}

function namesIn(subfolder: string): string[] {
  return fixtureNames(`torch/${subfolder}`)
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

/** T is the type of the JSON that make_torch.py wrote. */
function read<T>(path: string): T {
  return parseFixture<T>(fixtureText(`torch/${path}`));
}

/** JSON in which every stored tensor is decoded to a TorchTensor, and every object called stateDict to a Map. */
export function parseFixture<T>(json: string): T {
  return JSON.parse(json, decode) as T;
}

function decode(key: string, value: unknown): unknown {
  if (isStored(value)) return { dtype: value.dtype, shape: value.shape, data: toTypedArray(value) };
  if (key === 'stateDict') return new Map(Object.entries(value as Record<string, TorchTensor>));
  return value;
}

interface StoredTensor {
  readonly dtype: keyof typeof TYPED_ARRAYS;
  readonly shape: readonly number[];
  readonly data: string;
}

function isStored(value: unknown): value is StoredTensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'data' in value;
}

/** The typed array of each dtype; F16 and BF16 hold raw bits. */
export const TYPED_ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

function toTypedArray({ dtype, data }: StoredTensor): TorchData {
  return new TYPED_ARRAYS[dtype](base64Bytes(data).buffer);
}

export function base64Bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The form in which make_torch.py stores a tensor, for a JSON that PyTorch will read. */
export function encodeTensor({ dtype, shape, data }: TorchTensor): object {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype, shape, data: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) };
}
