import type { layers, Shape } from '@tensorflow/tfjs-layers';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';
import type { Layout, Sizes } from '../layout.js';

export type Layer = layers.Layer;

/** One tensor of a torch module and the layer weight that holds it. */
export interface Parameter {
  /** torch's name inside the module. */
  readonly key: string;
  /** The name the layer's class gave the weight. */
  readonly weight: string;
  /** Shape of the layer's weight. */
  readonly shape: Sizes;
  readonly layout: Layout;
}

/** Shape of a torch parameter in the file, undefined where it is missing. */
export type ShapeOf = (key: string) => readonly number[] | undefined;

/** A torch parameter in the file, undefined where it is missing. */
export type TensorOf = (key: string) => TorchTensor | undefined;

/** Parts of a message: expected `rule`, got `got`. `remedy`. */
export interface Conflict {
  readonly rule: string;
  readonly got: string;
  readonly remedy: string;
}

/** What a torch module has in common with the tf.layers class that computes the same. */
export interface ModuleKind {
  /** As torch spells it, for messages: 'torch.nn.Linear'. */
  readonly torchName: string;
  /** In the order of `state_dict()`. `inputShape` null: sizes that depend on the input are null. */
  parameters(layer: Layer, inputShape: Sizes | null): Parameter[];
  /** The input shape to build for, read off the file; undefined where the file does not tell. */
  inputShape(layer: Layer, shapeOf: ShapeOf): Shape | undefined;
  /** What to do once the layer was built for what `inputShape(...)` read off the file, where tf.layers reads too much into it. */
  afterBuild?(layer: Layer, inputShape: Shape): void;
  /** int64 counters of the module that no layer has: not read, written as 0. */
  readonly counters?: readonly string[];
  /** The layer's arguments that give it the parameters `keys` (or take them away): `useBias: false`. */
  argumentsFor?(keys: readonly string[], present: boolean): string[];
  /** Arguments that are sizes, where the file's shapes tell them plainly. */
  sizes?(layer: Layer, shapeOf: ShapeOf): Readonly<Record<string, number>> | undefined;
  /** Arguments with which the layer computes what the module cannot. */
  conflict?(layer: Layer): Conflict | undefined;
  /** Sentences about arguments that torch's default, or the tensors that are loaded, do not agree with. */
  warnings?(layer: Layer, tensorOf: TensorOf): string[];
  /** A sentence about a parameter that was loaded into a weight of another shape, or cannot be. */
  shapeNote?(layer: Layer, parameter: Parameter, found: readonly number[]): string | undefined;
}

/** `flag: true` or `flag: false`, for parameters that one flag each switches. */
export function flagsFor(flags: Readonly<Record<string, string>>): ModuleKind['argumentsFor'] {
  // Keys come from a file, where one may be called as a property of every object.
  return (keys, present) =>
    keys.filter((key) => Object.hasOwn(flags, key)).map((key) => `${flags[key]}: ${present}`);
}
