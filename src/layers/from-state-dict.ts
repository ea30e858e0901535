/** Builds a recurrent layer from a state_dict alone: keys and shapes say what its constructor was given. */

import { checkObject, message, show } from '../check.js';
import { Faults, prefixHint, shapeFits } from '../state-dict/faults.js';
import { float32Of } from '../state-dict/floats.js';
import {
  checkModulePath,
  checkStateDict,
  joinPath,
  modulesWith,
  type Selection,
  selectKeys,
} from '../state-dict/keys.js';
import { checkTensor } from '../state-dict/tensor.js';
import type { StateDict } from '../state-dict/types.js';
import type { RecurrentArgs } from './args.js';
import { gatesNote } from './gates.js';
import type { Recurrent } from './recurrent.js';
import { assignWeights, buildAllOrNone, buildLayer, findWeight } from './weights.js';

/** The arguments of the layer that the file does not hold (`batchFirst`, `returnSequences`, `name`, ...). */
export type FromStateDictOptions<Args> = Partial<Args> & {
  /** Path of the module in the state_dict, without a dot at its end: 'encoder.gru'. @default '' */
  readonly prefix?: string;
};

/** What a state_dict says about the constructor's arguments. */
interface ReadArgs {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly bidirectional: boolean;
  readonly projSize?: number;
}

interface LayerClass<Args, L> {
  readonly className: string;
  new (args: Args): L;
}

const PARAMETER = /^(?:weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_l(\d+)(_reverse)?$/;

/**
 * Makes a layer whose arguments are read off the state_dict below `prefix`, and loads it strictly. float32 weights are
 * taken bit for bit. On a fault no layer is built.
 *
 * @param gates G, the blocks of rows in each weight: GRU 3, LSTM 4, RNN 1.
 * @returns a built layer; the caller disposes it.
 * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
 * state_dict contradicts.
 */
export function fromStateDict<Args extends RecurrentArgs, L extends Recurrent>(
  layerClass: LayerClass<Args, L>,
  gates: number,
  stateDict: StateDict,
  options: FromStateDictOptions<Args> = {},
): L {
  const name = layerClass.className.replace(/^Torch/, '');
  const where = `${name}.fromStateDict`;
  checkStateDict(where, stateDict);
  checkForeignOptions(where, options);
  const { prefix = '', ...args } = options;
  checkModulePath(where, 'prefix', prefix);
  const faults = new Faults();
  const file = new ModuleFile(where, stateDict, prefix);
  const read = readArgs(file, gates, faults);
  if (read === undefined) throw faults.toError(name);
  checkAgainst(where, args, read);
  const layer = new layerClass({ ...args, ...read } as unknown as Args);
  const shapes = layer.torchShapes(read.inputSize);
  compare(file, shapes, faults);
  if (faults.isAny) throw faults.toError(name);
  const values = [...shapes.keys()].map((key) => file.values(key));
  buildAllOrNone([layer], () => {
    buildLayer(layer, layer.name, [null, null, read.inputSize]);
    assignWeights(
      [...shapes.keys()].map((key, i) => {
        const weight = findWeight(layer, key);
        if (weight === undefined) throw new Error(`${where}: the layer has no weight ${show(key)}`);
        return { weight, values: values[i] };
      }),
    );
  });
  return layer;
}

/** Options of loadStateDict, which the layer's constructor would not know. */
const FOREIGN_OPTIONS = {
  stripPrefix: 'Give prefix the whole path, wrappers as well: "module.gru"',
  strict: 'It is always strict: make the layer and call loadStateDict(layer, stateDict, { strict: false })',
  map: 'Use prefix: there is only one layer',
};

function checkForeignOptions(where: string, options: unknown): asserts options is object {
  checkObject(where, 'options', options);
  for (const [name, remedy] of Object.entries(FOREIGN_OPTIONS))
    if (name in options) {
      const rule = 'prefix or an argument of the layer';
      throw new TypeError(message(where, name, rule, `unknown option ${show(name)}`, remedy));
    }
}

/** The entries of one module, by their names inside it. */
class ModuleFile {
  private readonly selection: Selection;

  constructor(
    private readonly where: string,
    private readonly stateDict: StateDict,
    prefix: string,
  ) {
    this.selection = selectKeys([...stateDict.keys()], [], { prefix, stripPrefix: false });
  }

  get names(): string[] {
    return [...this.selection.keys.keys()];
  }

  /** Paths of modules that hold a recurrent layer. */
  get recurrentModules(): string[] {
    return modulesWith(this.stateDict.keys(), ['weight_ih_l0', 'weight_hh_l0']);
  }

  /** The key in the file, present or not. */
  key(name: string): string {
    const { keys, path } = this.selection;
    return keys.get(name) ?? joinPath(path, name);
  }

  shape(name: string): readonly number[] | undefined {
    const tensor = this.stateDict.get(this.key(name));
    if (tensor === undefined) return undefined;
    checkTensor(this.where, this.key(name), tensor);
    return tensor.shape;
  }

  /** A copy: the file's array may be a view of the whole file. */
  values(name: string): Float32Array {
    const tensor = this.stateDict.get(this.key(name));
    if (tensor === undefined) throw new Error(`${this.where}: no tensor ${show(this.key(name))}`);
    return float32Of(this.where, `tensor ${show(this.key(name))}`, tensor).slice();
  }
}

const LSTM_GATES = 4;

/** Of at least one row and column. */
function isMatrix(shape: readonly number[] | undefined): shape is readonly [number, number] {
  return shape !== undefined && shapeFits(shape, [null, null]);
}

/** Undefined, with the faults noted, where the keys do not describe one module. */
function readArgs(file: ModuleFile, gates: number, faults: Faults): ReadArgs | undefined {
  const parameters = file.names.flatMap((name) => {
    const [, layer, reverse] = PARAMETER.exec(name) ?? [];
    return layer === undefined ? [] : [{ name, layer: Number(layer), isReverse: reverse !== undefined }];
  });
  const weights = { ih: file.shape('weight_ih_l0'), hh: file.shape('weight_hh_l0') };
  const numLayers = countLayers(file, new Set(parameters.map(({ layer }) => layer)), faults);
  if (!isMatrix(weights.ih) || !isMatrix(weights.hh) || numLayers === undefined) {
    noteFirstLayer(file, weights, faults);
    for (const name of file.names) if (!PARAMETER.test(name)) faults.unexpected.push(file.key(name));
    return undefined;
  }
  // Other classes have no projection: the key is one too many there, and told so.
  const projSize = gates === LSTM_GATES ? file.shape('weight_hr_l0')?.[0] : undefined;
  const note = parameters.some(({ name }) => name.startsWith('weight_hr_'))
    ? undefined
    : gatesNote(weights.hh, gates);
  if (note !== undefined) faults.hint(note);
  return {
    ...readSizes(weights.ih, weights.hh, gates, projSize),
    numLayers,
    bias: parameters.some(({ name }) => name.startsWith('bias_')),
    bidirectional: parameters.some(({ isReverse }) => isReverse),
    ...(projSize === undefined ? {} : { projSize }),
  };
}

/** L, when the layers are numbered 0 to L-1 without a gap. */
function countLayers(file: ModuleFile, found: ReadonlySet<number>, faults: Faults): number | undefined {
  const sorted = [...found].sort((a, b) => a - b);
  const gap = sorted.findIndex((layer, i) => layer !== i);
  if (gap === -1) return sorted.length;
  if (gap > 0)
    for (const kind of ['weight_ih', 'weight_hh']) faults.missing.push(file.key(`${kind}_l${gap}`));
  const list = sorted.slice(0, 8).join(', ');
  faults.hint(`There are parameters of layer ${list}, but none of layer ${gap}.`);
  return undefined;
}

type Shapes = { readonly ih?: readonly number[]; readonly hh?: readonly number[] };

function noteFirstLayer(file: ModuleFile, { ih, hh }: Shapes, faults: Faults): void {
  for (const [name, shape] of [['weight_ih_l0', ih] as const, ['weight_hh_l0', hh] as const]) {
    if (shape === undefined) faults.missing.push(file.key(name));
    else if (!isMatrix(shape)) faults.mismatch(file.key(name), shape, [null, null]);
  }
  const elsewhere = ih || hh ? [] : file.recurrentModules;
  if (elsewhere.length > 0) faults.hint(prefixHint(elsewhere));
}

/** H and I from the first layer's weights; those of transposed ones, so that the fault can say so. */
function readSizes(
  ih: readonly [number, number],
  [rows, columns]: readonly [number, number],
  gates: number,
  projSize: number | undefined,
): { readonly inputSize: number; readonly hiddenSize: number } {
  const isTransposed = gates > 1 && columns === gates * rows;
  if (projSize !== undefined) return { inputSize: ih[1], hiddenSize: Math.max(1, Math.round(ih[0] / gates)) };
  const hiddenSize = isTransposed ? rows : columns;
  const isInputTransposed = ih[0] !== gates * hiddenSize && ih[1] === gates * hiddenSize;
  return { inputSize: isInputTransposed ? ih[0] : ih[1], hiddenSize };
}

/** An argument that the caller gave as well must agree with the file. */
function checkAgainst(where: string, args: Readonly<Record<string, unknown>>, read: ReadArgs): void {
  for (const [name, value] of Object.entries(read)) {
    const given = args[name];
    if (given === undefined || given === value) continue;
    const remedy = 'Leave it out: it is read off the keys and shapes';
    throw new RangeError(message(where, name, `${value}, as in the state_dict`, show(given), remedy));
  }
}

function compare(file: ModuleFile, shapes: ReadonlyMap<string, readonly number[]>, faults: Faults): void {
  for (const [name, expected] of shapes) {
    const found = file.shape(name);
    if (found === undefined) faults.missing.push(file.key(name));
    else if (!shapeFits(found, expected)) faults.mismatch(file.key(name), found, expected);
  }
  for (const name of file.names) if (!shapes.has(name)) faults.unexpected.push(file.key(name));
}
