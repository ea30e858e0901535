/** Builds a recurrent layer or cell from a state_dict alone: keys and shapes say what its constructor was given. */

import type { layers } from '@tensorflow/tfjs-layers';
import { checkObject, message, show } from '../../check.js';
import { Faults, shapeFits } from '../../matching/faults.js';
import { checkStateDict } from '../../matching/select-keys.js';
import { checkModulePath } from '../../state-dict/keys.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import type { FileArgs, ModuleShapes } from '../../torch/layer-args.js';
import { assignWeights, buildAllOrNone, findWeight } from './build.js';
import { ModuleFile } from './module-file.js';

/** The arguments of the layer that the file does not hold (`batchFirst`, `returnSequences`, `name`, ...). */
export type FromStateDictOptions<Args> = { readonly [Name in keyof Args]?: Args[Name] | undefined } & {
  /** Path of the module in the state_dict, without a dot at its end: 'encoder.gru'. @default '' */
  readonly prefix?: string | undefined;
};

interface LayerClass<Args, L> {
  readonly className: string;
  new (args: Args): L;
}

/** A layer or cell of this package. */
interface TorchLayer extends layers.Layer {
  torchShapes(inputSize: number): Map<string, number[]>;
  ensureBuilt(inputSize: number): void;
}

/**
 * Makes a layer whose arguments are read off the state_dict below `prefix`, and loads it strictly. float32 weights are
 * taken bit for bit. On a fault no layer is built.
 *
 * @param gates G, the blocks of rows in each weight: GRU 3, LSTM 4, RNN 1.
 * @param readArgs what the file says of the arguments; undefined, with the faults noted, where it says nothing clear.
 * @returns a built layer; the caller disposes it.
 * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
 * state_dict contradicts.
 */
export function fromStateDict<Args extends object, L extends TorchLayer>(
  layerClass: LayerClass<Args, L>,
  gates: number,
  readArgs: (file: ModuleShapes, gates: number, faults: Faults) => FileArgs | undefined,
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
    layer.ensureBuilt(read.inputSize);
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

/** An argument that the caller gave as well must agree with the file. */
function checkAgainst(where: string, args: Readonly<Record<string, unknown>>, read: FileArgs): void {
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
