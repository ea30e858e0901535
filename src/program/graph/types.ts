/** A program as its file describes it: what it computes, of which tensors, and how people call it. No tfjs. */

import type { TorchDtype } from '../../state-dict/tensors/tensor.js';
import type { Tree } from './tree.js';

/** A size of a tensor: a number that was frozen, or an expression of symbols as torch writes it, which is compared and shown only. */
export type Size = number | { readonly symbol: string };

/** The sizes of a symbol that a program was exported for. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

export interface TensorMeta {
  readonly dtype: TorchDtype;
  readonly shape: readonly Size[];
  readonly requiresGrad: boolean;
}

/** An argument of a call, or a value that a graph returns. */
export type Argument =
  | { readonly kind: 'constant'; readonly value: Constant }
  | { readonly kind: 'dtype'; readonly dtype: TorchDtype }
  /** A value of the graph: a tensor, or a number that depends on sizes. */
  | { readonly kind: 'tensor' | 'number'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Argument[] }
  | { readonly kind: 'graph'; readonly graph: Graph }
  /** Devices, layouts, memory formats: tfjs has one of each. */
  | { readonly kind: 'ignored' };

export type Constant = null | boolean | number | string;

export interface NamedArgument {
  /** Of torch's signature of the op; empty for those of higher-order ops. */
  readonly name: string;
  readonly argument: Argument;
}

/** One call of an op. */
export interface GraphNode {
  /** `aten.add.Tensor`, `torch_rnn.gru.default`, `_operator.add`. */
  readonly target: string;
  /** In messages. */
  readonly name: string;
  readonly inputs: readonly NamedArgument[];
  /** Each a value, a list of values, or a constant null where nothing uses it. */
  readonly outputs: readonly Argument[];
  /** Whether a higher-order op returns its one tensor without a list. */
  readonly isSingle: boolean;
  /** The line of Python that made the call, where the file tells it: `model.py:12 in forward: y = self.gru(x)`. */
  readonly source: string | undefined;
  /** The module that made the call: `encoder.gru`. */
  readonly module: string | undefined;
  /** Its class: `torch.nn.modules.rnn.GRU`. */
  readonly moduleClass: string | undefined;
}

export interface Graph {
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Argument[];
  /** In the order in which they run. */
  readonly nodes: readonly GraphNode[];
  /** Of every tensor in it, by name. */
  readonly tensors: ReadonlyMap<string, TensorMeta>;
}

/** What a graph gets for one of its inputs. */
export type InputSpec =
  | { readonly kind: 'parameter' | 'constant'; readonly name: string }
  | { readonly kind: 'buffer'; readonly name: string; readonly isPersistent: boolean }
  | { readonly kind: 'user' }
  /** A value that was no tensor when the program was exported. */
  | { readonly kind: 'frozen'; readonly value: Constant };

/** What becomes of one of the values that a graph returns. */
export type OutputSpec =
  | { readonly kind: 'user' }
  /** The new value of a buffer or parameter. */
  | { readonly kind: 'mutation'; readonly name: string }
  /** Not used: a new value of the caller's input, which is never changed here. */
  | { readonly kind: 'ignored' };

export interface Program {
  readonly graph: Graph;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
  /** How the caller's arguments are put together: positional ones, then keyword arguments. */
  readonly call: { readonly positional: Tree; readonly keywords: Tree; readonly results: Tree };
  /** By symbol. */
  readonly ranges: ReadonlyMap<string, SizeRange>;
  /** Names of `forward`'s arguments, as far as the file tells them. */
  readonly argumentNames: readonly string[];
  /** The torch that wrote it. */
  readonly torchVersion: string;
}
