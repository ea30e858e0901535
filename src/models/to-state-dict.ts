import { keep, type Tensor, type TypedArray } from '@tensorflow/tfjs-core';
import { checkKeys, message, show, showShape } from '../check.js';
import { UnsupportedError } from '../errors.js';
import type { Parameter } from '../matching/torch-module.js';
import { checkModulePath, joinPath } from '../state-dict/keys.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import { findLeaves, type Leaf, type ModuleMap, unbuiltLayer, variableOf } from './leaves.js';
import type { LoadTarget } from './target.js';

const WHERE = 'toStateDict';

/** Options of `toStateDict`. */
export interface ToStateDictOptions {
  /** Module path put before every key, without a dot at its end. @default '' */
  readonly prefix?: string | undefined;
  /** Where torch keeps the modules of layers with other names; see {@link ModuleMap}. @default by `layer.name` */
  readonly map?: ModuleMap | undefined;
}

/** A weight as it was when the call began, since training may continue while it is read; a counter has none. */
interface Snapshot {
  readonly leaf: Leaf;
  readonly parameter?: Parameter;
  readonly tensor?: Tensor;
}

/**
 * Copies the weights of a layer, a model or several of them, and variables, into a PyTorch state_dict: torch's keys in torch's
 * order, F32, with `num_batches_tracked` of BatchNorm as an I64 zero; those of a whole model of `readExportedProgram` in the dtypes
 * of the model, its floats F32.
 *
 * What `loadStateDict` read as F32 comes back bit for bit and in its shape, except for the one value of a PReLU in a layer
 * that has one per channel: it comes back once per channel. Names and `map` work as in `loadStateDict`.
 *
 * The values are those at the time of the call: training may continue while they are read. The arrays belong to the
 * caller, and no tensor is left to dispose.
 *
 * @param layerOrModel A built tf.layers layer or model, or an object from module paths to them and from names to variables.
 * @returns What `writeSafetensors` and `saveSafetensors` take.
 * @throws UnsupportedError for weights that no torch module holds, or a layer that is not built; RangeError where two
 * layers have the same key; TypeError for other arguments.
 */
export async function toStateDict(
  layerOrModel: LoadTarget,
  options: ToStateDictOptions = {},
): Promise<StateDict> {
  checkKeys(WHERE, options, ['prefix', 'map'], {
    strict: 'It belongs to loadStateDict',
    onWarnings: 'It belongs to loadStateDict',
    stripPrefix: 'It belongs to loadStateDict; prefix is put before every key',
  });
  const { prefix = '', map } = options;
  checkModulePath(WHERE, 'prefix', prefix);
  const leaves = findLeaves(WHERE, layerOrModel, map);
  const snapshots = new Map<string, Snapshot>();
  try {
    for (const leaf of leaves) takeSnapshots(leaf, prefix, snapshots);
    const values = await Promise.all(Array.from(snapshots.values(), ({ tensor }) => tensor?.data()));
    return new Map(
      Array.from(snapshots, ([key, snapshot], i) => [key, toTorchTensor(key, snapshot, values[i])]),
    );
  } finally {
    for (const { tensor } of snapshots.values()) tensor?.dispose();
  }
}

/** Adds the entries of a module as `state_dict()` lists them: parameters and buffers, counters last. */
function takeSnapshots(leaf: Leaf, prefix: string, snapshots: Map<string, Snapshot>): void {
  const { layerPath, modulePath, module, parameters } = leaf;
  if (parameters.length > 0 && unbuiltLayer(leaf) !== undefined) {
    const remedy = 'Call it on an input once, or load a state_dict into it';
    throw new UnsupportedError(
      message(WHERE, `layer "${layerPath}"`, 'a built layer', 'an unbuilt one', remedy),
    );
  }
  const keyOf = (name: string) => joinPath(prefix, joinPath(modulePath, name));
  for (const parameter of parameters) {
    const key = keyOf(parameter.key);
    if (snapshots.has(key)) continue;
    // Kept, because a tidy around the call must not dispose the snapshot before it is read.
    snapshots.set(key, { leaf, parameter, tensor: keep(variableOf(leaf, parameter).clone()) });
  }
  for (const counter of module.counters ?? []) snapshots.set(keyOf(counter), { leaf });
}

function toTorchTensor(key: string, snapshot: Snapshot, values: TypedArray | undefined): TorchTensor {
  const { leaf, parameter, tensor } = snapshot;
  if (!parameter || !tensor || !values) return { dtype: 'I64', shape: [], data: new BigInt64Array(1) };
  const { shape } = tensor;
  const { dtype } = parameter;
  if (dtype === 'I64') return { dtype, shape, data: BigInt64Array.from(values as Int32Array, BigInt) };
  if (dtype === 'I32') return { dtype, shape, data: Int32Array.from(values) };
  if (dtype === 'BOOL') return { dtype, shape, data: Uint8Array.from(values) };
  const torch = parameter.layout.toTorch(values as Float32Array, shape);
  if (torch !== undefined) return { dtype: 'F32', shape: torch.shape, data: torch.values };
  const rule = `a weight that ${leaf.module.torchName} can hold as ${show(key)}`;
  const got = `${parameter.weight} of shape ${showShape(shape)} with values that differ along every axis`;
  const remedy = 'Share all axes but the last with sharedAxes';
  throw new UnsupportedError(message(WHERE, `layer "${leaf.layerPath}"`, rule, got, remedy));
}
