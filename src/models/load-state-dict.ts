import { checkBoolean, checkKeys, show } from '../check.js';
import { lostMaskWarnings } from '../layers/masks/lost-masks.js';
import { type Assignment, assignWeights } from '../layers/weights/assign.js';
import { buildAllOrNone, buildLayer } from '../layers/weights/build.js';
import {
  checkOnWarnings,
  type OnWarnings,
  overflowWarnings,
  tellWarnings,
} from '../layers/weights/warnings.js';
import { checkStateDict } from '../matching/select-keys.js';
import { checkModulePath } from '../state-dict/keys.js';
import { float32Of } from '../state-dict/tensors/float32.js';
import { integersOf } from '../state-dict/tensors/int32.js';
import type { StateDict, TorchDtype } from '../state-dict/tensors/tensor.js';
import { flattenWarnings } from './flatten-order.js';
import { findLeaves, type ModuleMap, type Slot, variableOf } from './leaves.js';
import { type Match, matchParameters, unbuildableError } from './match.js';
import { paddingWarnings } from './padding.js';
import { isByPath, type LoadTarget, layersIn, startOf, subjectOf } from './target.js';
import { tieWarnings } from './ties.js';
import { hintAtUnnamedModules } from './unnamed-modules.js';

const WHERE = 'loadStateDict';

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Module path of what is loaded, without a dot at its end: 'encoder.gru'. Other keys are ignored. @default '' */
  readonly prefix?: string | undefined;
  /** Where torch keeps the modules of layers with other names, or with several; see {@link ModuleMap}. @default by `layer.name` */
  readonly map?: ModuleMap | undefined;
  /**
   * Module path to drop from the front of the keys; `false` drops none. @default what DataParallel, torch.compile and
   * Lightning put there (`module`, `_orig_mod`, `model`), up to four, if no key matches as it stands
   */
  readonly stripPrefix?: string | false | undefined;
  /** Whether missing and unexpected keys are errors. A shape that differs always is. @default true */
  readonly strict?: boolean | undefined;
  /** Takes the report's warnings, when all is loaded; not called without any. @default prints them with `console.warn` */
  readonly onWarnings?: OnWarnings | undefined;
}

/** What `loadStateDict` did. Keys are spelt as in the file. */
export interface LoadReport {
  /** Keys whose tensors are weights now, in the order of the layers. */
  readonly loaded: readonly string[];
  /** Keys that the layers need and the file lacks; empty in a strict load. Their weights kept their values. */
  readonly missing: readonly string[];
  /** Keys of the file that no layer takes; empty in a strict load. */
  readonly unexpected: readonly string[];
  /** Keys of `num_batches_tracked` of BatchNorm, which no layer has. */
  readonly ignored: readonly string[];
  /** Module path that was dropped from the front of the keys besides `prefix`; '' when none was. */
  readonly strippedPrefix: string;
  /** Tensors that were not F32 in the file, and were converted. */
  readonly converted: readonly { readonly key: string; readonly dtype: TorchDtype }[];
  /**
   * Weights that the file stores as other tensors, by the names they have without `weight_norm`, `spectral_norm`, `prune` or
   * weight drop, and the keys that they were computed from. They are among `loaded`.
   */
  readonly derived: readonly { readonly key: string; readonly from: readonly string[] }[];
  /**
   * Sentences about what may make the results differ from PyTorch's; with `strict: false` also hints about missing and
   * unexpected keys.
   */
  readonly warnings: readonly string[];
}

/**
 * Copies a PyTorch state_dict into a layer, a model or several of them, and variables, as `module.load_state_dict(state_dict, strict)` does.
 *
 * Layers of a model match torch modules by `layer.name`, joined by dots through nested models (`encoder.gru`); a single
 * layer takes the keys below `prefix` whatever its name. For a `forward` written by hand an object has the paths of the
 * modules: `{ 'encoder.rnn': encoder, 'decoder.attn': attn }`; each takes the keys below its path, and a module of the file
 * that no path names is an error like any unexpected key. A `tf.Variable` takes the one parameter or buffer of its whole name:
 * `{ 'decoder.v': tf.variable(tf.zeros([8])) }`. Shared layers are loaded under each of their names or paths, and so
 * are tied weights with a list in `map`: the file has them under each, with the same values. Tied weights that stay two weights
 * here are told, since training moves them apart.
 *
 * Knows Linear (Dense), Embedding, LayerNorm, BatchNorm1d/2d, Conv1d/2d, ConvTranspose2d and depthwise convolutions, PReLU,
 * this package's layers, whole models of `readExportedProgram`, and layers with a method `torchParameters()`; see {@link TorchParameters}.
 * Dense and convolution kernels are transposed. F32 values are copied bit for bit, other dtypes become what
 * `toFloat32Array` makes of them. Weights under `weight_norm`, `spectral_norm`, `prune` or weight drop are computed as in
 * evaluation, in the dtype of the file.
 *
 * Warnings are printed unless `onWarnings` takes them. All or nothing: when it throws, no weight has changed and no layer
 * was built. An unbuilt layer is built from the shapes in the file, and its owner disposes it as after any eager use, also
 * beside a model that holds it. The state_dict is neither changed nor kept.
 *
 * @param layerOrModel A tf.layers layer or model, built or not, or an object from module paths to them and from names to variables.
 * @param stateDict What `readStateDict` returns.
 * @returns Which keys were loaded, missing, unexpected or ignored, and warnings.
 * @throws StateDictError with every missing, unexpected and misshapen key; UnsupportedError for a layer with weights
 * of another class, one that computes what no torch module does, and for complex numbers and 8-bit floats; TypeError and
 * RangeError for arguments.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict
 */
export function loadStateDict(
  layerOrModel: LoadTarget,
  stateDict: StateDict,
  options: LoadOptions = {},
): LoadReport {
  const { prefix, map, stripPrefix, strict, onWarnings } = checkOptions(options);
  const skipped: string[] = [];
  const skip = ({ message }: Error) =>
    skipped.push(`${message.slice(WHERE.length + 2)}. The layer was skipped: its weights keep their values.`);
  const leaves = findLeaves(WHERE, layerOrModel, map, strict ? undefined : skip);
  checkStateDict(WHERE, stateDict);
  const start = startOf(layerOrModel);
  const match = matchParameters(WHERE, leaves, stateDict, { prefix, stripPrefix, start });
  match.warnings.push(...skipped);
  if (isByPath(layerOrModel)) hintAtUnnamedModules(match, leaves, stateDict, strict);
  throwFaults(match, strict, layerOrModel);
  const values = match.slots.map((slot) => toLayerValues(slot, match.warnings));
  buildAllOrNone([...match.builds.keys()], () => {
    for (const [layer, { leaf, inputShape }] of match.builds) {
      buildLayer(layer, leaf.scope, inputShape);
      if (inputShape !== layer.batchInputShape) leaf.module.afterBuild?.(inputShape);
    }
    assignWeights(
      match.slots.map(({ leaf, parameter }, i) => ({
        variable: variableOf(leaf, parameter),
        values: values[i] as Assignment['values'],
      })),
    );
  });
  match.warnings.push(
    ...paddingWarnings(match.slots, layerOrModel),
    ...layersIn(layerOrModel).flatMap(lostMaskWarnings),
    ...flattenWarnings(leaves),
    ...tieWarnings(match.slots, start),
  );
  if (match.slots.length === 0 && leaves.some(({ parameters }) => parameters.length > 0))
    match.warnings.push(
      'Nothing was loaded: the file has no key of these layers, whose weights keep their values.',
    );
  const done = report(match, strict);
  tellWarnings(WHERE, done.warnings, onWarnings);
  return done;
}

function checkOptions(options: LoadOptions) {
  checkKeys(WHERE, options, ['prefix', 'map', 'stripPrefix', 'strict', 'onWarnings']);
  const { prefix = '', map, stripPrefix, strict = true, onWarnings } = options;
  checkModulePath(WHERE, 'prefix', prefix);
  if (stripPrefix !== undefined && stripPrefix !== false) checkModulePath(WHERE, 'stripPrefix', stripPrefix);
  checkBoolean(WHERE, 'strict', strict);
  checkOnWarnings(WHERE, onWarnings);
  return { prefix, map, stripPrefix, strict, onWarnings };
}

function throwFaults({ faults, unbuildable }: Match, strict: boolean, target: LoadTarget): void {
  const isIncomplete = faults.missing.length > 0;
  const isFatal =
    faults.mismatched.length + faults.differing.length > 0 ||
    (strict && (isIncomplete || faults.unexpected.length > 0)) ||
    (isIncomplete && unbuildable.length > 0);
  const isSurplus = faults.missing.length + faults.mismatched.length === 0;
  if (strict && isSurplus && faults.unexpected.some((key) => !faults.explains(key)))
    faults.hint(
      'No layer takes them. Where the model here leaves these modules out on purpose, and its numbers do not depend on them, ' +
        'pass strict: false.',
    );
  if (isFatal) throw faults.toError(subjectOf(target));
  if (unbuildable[0]) throw unbuildableError(WHERE, unbuildable[0]);
}

function toLayerValues({ key, tensor, parameter }: Slot, warnings: string[]): Assignment['values'] {
  const what = `tensor ${show(key)}`;
  if (parameter.dtype !== undefined) return integersOf(WHERE, what, tensor, parameter.dtype);
  const values = float32Of(WHERE, what, tensor);
  warnings.push(...overflowWarnings(key, tensor, values));
  return parameter.layout.toLayer({ shape: tensor.shape, values }, parameter.shape as readonly number[]);
}

function report(
  { slots, faults, ignored, warnings, selection, derived }: Match,
  strict: boolean,
): LoadReport {
  const dtypes = new Map(slots.map(({ key, tensor: { dtype } }) => [key, dtype]));
  return {
    loaded: [...dtypes.keys()],
    missing: faults.missing,
    unexpected: faults.unexpected,
    ignored: [...new Set(ignored)],
    strippedPrefix: selection.strippedPrefix,
    converted: [...dtypes].flatMap(([key, dtype]) => (dtype === 'F32' ? [] : [{ key, dtype }])),
    derived: derived.map(({ key, from }) => ({ key, from })),
    warnings: [...new Set(strict ? warnings : [...warnings, ...faults.allHints()])],
  };
}
