/** Builds a recurrent layer or cell from a state_dict alone: its keys and shapes tell the constructor's arguments. */

import type { Variable } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { checkObject, message, show } from '../../check.js';
import { Faults, shapeFits } from '../../matching/faults.js';
import { hintAtOtherClass, hintAtParametrizations } from '../../matching/hints/classes.js';
import { isToldByName } from '../../matching/hints/keys.js';
import { checkStateDict } from '../../matching/select-keys.js';
import { settingWarnings } from '../../matching/settings.js';
import { checkModulePath } from '../../state-dict/keys.js';
import { factsOf } from '../../state-dict/module-facts.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import type { FileArgs, ModuleShapes } from '../../torch/layer-args.js';
import { settingsOf as settingsInFile } from '../../torch/told/settings.js';
import { assignWeights } from './assign.js';
import { buildAllOrNone } from './build.js';
import { ModuleFile } from './module-file.js';
import { settingsOf } from './settings.js';
import { checkOnWarnings, type OnWarnings, tellWarnings } from './warnings.js';

/** The arguments of the layer that the file does not hold (`batchFirst`, `returnSequences`, `name`, ...). */
export type FromStateDictOptions<Args> = { readonly [Name in keyof Args]?: Args[Name] | undefined } & {
  /** Path of the module in the state_dict, without a dot at its end: 'encoder.gru'. @default '' */
  readonly prefix?: string | undefined;
  /** Takes what may make the results differ from PyTorch's, when the layer is loaded. @default prints with `console.warn` */
  readonly onWarnings?: OnWarnings | undefined;
};

/** A layer or cell of this package. */
interface TorchLayer extends layers.Layer {
  readonly torchWeights: ReadonlyMap<string, LayerVariable>;
  torchShapes(inputSize: number): Map<string, number[]>;
  ensureBuilt(inputSize: number): void;
}

/** The class to make, and how to read its arguments off a file. */
interface Target<Args, L> {
  readonly layerClass: new (args: Args) => L;
  /** The class's name in messages. */
  readonly name: string;
  /** G, the blocks of rows in each weight. */
  readonly gates: number;
  /** The arguments that the file tells; undefined, with the faults noted, where it does not describe such a module. */
  readonly readArgs: (file: ModuleShapes, gates: number, faults: Faults) => FileArgs | undefined;
}

/**
 * Makes a layer whose arguments are read off the state_dict below `prefix`, and loads it strictly, float32 weights bit for
 * bit. On a fault no layer is built.
 *
 * @returns a built layer; the caller disposes it.
 * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
 * state_dict contradicts.
 */
export function fromStateDict<Args extends object, L extends TorchLayer>(
  { layerClass, name, gates, readArgs }: Target<Args, L>,
  stateDict: StateDict,
  options: FromStateDictOptions<Args> = {},
): L {
  const where = `${name}.fromStateDict`;
  checkStateDict(where, stateDict);
  checkForeignOptions(where, options);
  const { prefix = '', onWarnings, ...args } = options;
  checkModulePath(where, 'prefix', prefix);
  checkOnWarnings(where, onWarnings);
  const faults = new Faults();
  const file = new ModuleFile(where, stateDict, prefix);
  const read = readArgs(file, gates, faults);
  if (read === undefined) throw hinted(faults, file).toError(name);
  checkAgainst(where, args, read);
  const layer = new layerClass({ ...args, ...read } as unknown as Args);
  const shapes = layer.torchShapes(read.inputSize);
  compare(file, shapes, faults);
  if (faults.isAny) {
    hinted(faults, file);
    const foreign = faults.unexpected.filter((key) => !faults.explains(key) && !isToldByName(key));
    hintAtOtherClass(faults, foreign, `torch.nn.${name}`, `this ${name}`);
    throw faults.toError(name);
  }
  const values = new Map([...shapes.keys()].map((key) => [key, file.values(key)]));
  buildAllOrNone([layer], () => {
    layer.ensureBuilt(read.inputSize);
    assignWeights(
      Array.from(layer.torchWeights, ([key, weight]) => ({
        variable: weight.read() as Variable,
        values: values.get(key) as Float32Array,
      })),
    );
  });
  const facts = factsOf(stateDict).get(prefix);
  const module = prefix === '' ? 'the root module' : `module "${prefix}"`;
  const contradicted = facts ? settingWarnings(module, settingsOf(layer), settingsInFile(facts)) : [];
  tellWarnings(where, [...file.warnings, ...contradicted], onWarnings);
  return layer;
}

function hinted(faults: Faults, { undetermined }: ModuleFile): Faults {
  hintAtParametrizations({ faults, undetermined });
  return faults;
}

/** Options of loadStateDict, which a layer's constructor does not know. */
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

/** Checks that the caller's arguments agree with those of the file. */
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
