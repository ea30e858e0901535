/** The torch module whose parameters a layer of tf.layers holds. */

import { joinPath } from '../state-dict/keys.js';
import type { AttributeValue } from '../state-dict/module-facts.js';
import { shapeFits } from './faults.js';
import type { Layout, Sizes } from './layout.js';

/** One tensor of a torch module and the layer weight that holds it. */
export interface Parameter {
  /** torch's name inside the module. */
  readonly key: string;
  /** The name the layer's class gave the weight. */
  readonly weight: string;
  /** Shape of the layer's weight. */
  readonly shape: Sizes;
  readonly layout: Layout;
  /** Of an integer or boolean, whose layout is identical. @default a float, which is F32 in a layer and in what is written */
  readonly dtype?: 'I64' | 'I32' | 'BOOL';
}

/** Shape of a torch parameter in the file, undefined where it is missing. */
export type ShapeOf = (key: string) => readonly number[] | undefined;

/** Parts of a message: expected `rule`, got `got`. `remedy`. */
export interface Conflict {
  readonly rule: string;
  readonly got: string;
  readonly remedy: string;
}

/** The id that pads in an Embedding, and what its layer does about it. */
export interface Padding {
  readonly index: number;
  /** Whether its row is left as it is in training. */
  readonly isFrozen: boolean;
  /** The layer's argument that makes the mask of the padding, and its value; undefined where it was not given. */
  readonly argument: string;
  readonly isMasked: boolean | undefined;
}

/** An argument of a layer, and what torch calls it. */
export interface LayerSetting {
  /** `epsilon`. */
  readonly argument: string;
  /** `eps`. */
  readonly torchName: string;
  readonly value: AttributeValue;
}

/** A torch module, with the arguments that one layer gives it. */
export interface TorchModule {
  /** As torch spells it, for messages: 'torch.nn.Linear'. */
  readonly torchName: string;
  /** The layer's arguments, under the names that tf.layers give them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** In the order of `state_dict()`. `inputShape` null: sizes that depend on the input are null. */
  parameters(inputShape: Sizes | null): Parameter[];
  /** The input shape to build the layer for, read off the file; undefined where the file does not determine it. */
  inputShape(shapeOf: ShapeOf): (number | null)[] | undefined;
  /** Loosens what tf.layers concluded from the shape that `inputShape(...)` returned and the layer was built for. */
  afterBuild?(inputShape: Sizes): void;
  /** int64 counters of the module that no layer has: not read, written as 0. */
  readonly counters?: readonly string[];
  /** The layer's arguments that give it the parameters `keys` (or take them away): `useBias: false`. */
  argumentsFor?(keys: readonly string[], present: boolean): string[];
  /** Those of `config` that are sizes, where the file's shapes determine them. */
  sizes?(shapeOf: ShapeOf): Readonly<Record<string, number>> | undefined;
  /** Of an Embedding. */
  readonly padding?: Padding;
  /** Arguments with which the layer computes what the module cannot. */
  conflict?(): Conflict | undefined;
  /** Arguments that the numbers depend on and shapes do not tell. The file of a whole module does. */
  readonly settings?: readonly LayerSetting[];
  /**
   * Sentences about arguments that disagree with torch's default, or with the tensors that are loaded.
   * @param isTold whether the file tells a setting, by torch's name.
   */
  warnings?(isTold: (name: string) => boolean): string[];
  /** A sentence about a parameter that was loaded into a weight of another shape, or cannot be. */
  shapeNote?(parameter: Parameter, found: readonly number[]): string | undefined;
}

/** A layer with weights or a variable, and the torch module it stands for at its place in the state_dict. */
export interface ModuleLeaf {
  readonly module: TorchModule;
  /** Names of the models around the layer and its own, joined by dots. */
  readonly layerPath: string;
  /** Path of the torch module, below `prefix`. */
  readonly modulePath: string;
  /** With all sizes that the layer itself determines. */
  readonly parameters: readonly Parameter[];
}

/** Names of a leaf's parameters, below `prefix`. */
export function namesOf({ parameters, modulePath }: ModuleLeaf): string[] {
  return parameters.map(({ key }) => joinPath(modulePath, key));
}

/** Whether a tensor of this shape in the file can be loaded into the weight of `parameter`. */
export function fits({ layout, shape }: Parameter, found: readonly number[]): boolean {
  return shapeFits(found, layout.torchShape(shape)) || (layout.accepts?.(found, shape) ?? false);
}

/** Whether every size of every parameter is known. */
export function isKnown(parameters: readonly Parameter[]): boolean {
  return parameters.every(({ shape }) => !shape.includes(null));
}
