import { keep, type Tensor } from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { checkKeys, message, show, showShape } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { findWeight } from '../layers/weights/assign.js';
import type { Parameter } from '../matching/torch-module.js';
import { checkModulePath, joinPath } from '../state-dict/keys.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import { findLeaves, type Leaf, type ModuleMap } from './leaves.js';
import { checkLayer } from './load-state-dict.js';
import type { Layer } from './modules/registry.js';

const WHERE = 'toStateDict';

/** Options of `toStateDict`. */
export interface ToStateDictOptions {
  /** Module path put before every key, without a dot at its end. @default '' */
  readonly prefix?: string | undefined;
  /** Where torch keeps the modules of layers with other names; see {@link ModuleMap}. @default by `layer.name` */
  readonly map?: ModuleMap | undefined;
}

/** A weight as it was when the call began: training may continue while it is read. */
interface Snapshot {
  readonly key: string;
  readonly leaf: Leaf;
  readonly parameter: Parameter;
  readonly tensor: Tensor;
}

/**
 * Copies the weights of a layer or model into a PyTorch state_dict: torch's keys in torch's order, F32, with
 * `num_batches_tracked` of BatchNorm as an I64 zero.
 *
 * What `loadStateDict` read as F32 comes back bit for bit and in its shape, except for the one value of a PReLU in a layer
 * that has one per channel: it comes back once per channel. Names and `map` work as in `loadStateDict`.
 *
 * The values are those at the time of the call: training may continue while they are read. The arrays belong to the
 * caller, and no tensor is left to dispose.
 *
 * @param layerOrModel A built tf.layers layer or model.
 * @returns What `writeSafetensors` and `saveSafetensors` take.
 * @throws UnsupportedError for weights that no torch module holds, or a layer that is not built; RangeError where two
 * layers have the same key; TypeError for other arguments.
 */
export async function toStateDict(layerOrModel: Layer, options: ToStateDictOptions = {}): Promise<StateDict> {
  checkLayer(WHERE, layerOrModel);
  checkKeys(WHERE, options, ['prefix', 'map'], {
    strict: 'It belongs to loadStateDict',
    stripPrefix: 'It belongs to loadStateDict; prefix is put before every key',
  });
  const { prefix = '', map } = options;
  checkModulePath(WHERE, 'prefix', prefix);
  const leaves = findLeaves(WHERE, layerOrModel, map);
  checkOwners(leaves, prefix);
  const snapshots: Snapshot[] = [];
  try {
    for (const leaf of leaves) takeSnapshots(leaf, prefix, snapshots);
    const values = await Promise.all(snapshots.map(({ tensor }) => tensor.data<'float32'>()));
    const read = new Map(snapshots.map((snapshot, i) => [snapshot.key, toTorchTensor(snapshot, values[i])]));
    return inTorchOrder(leaves, prefix, read);
  } finally {
    for (const { tensor } of snapshots) tensor.dispose();
  }
}

const keyOf = (prefix: string, leaf: Leaf, name: string) => joinPath(prefix, joinPath(leaf.modulePath, name));

function checkOwners(leaves: readonly Leaf[], prefix: string): void {
  const owners = new Map<string, Leaf>();
  for (const leaf of leaves) {
    if (!leaf.layer.built)
      throw new UnsupportedError(
        message(
          WHERE,
          `layer "${leaf.layer.name}"`,
          'a built layer',
          'an unbuilt one',
          'Call it on an input once, or load a state_dict into it',
        ),
      );
    for (const { key } of leaf.parameters) {
      const name = keyOf(prefix, leaf, key);
      const other = owners.get(name);
      if (other !== undefined && other.layer !== leaf.layer)
        throw new RangeError(
          message(WHERE, show(name), 'one layer', `"${other.layerPath}" and "${leaf.layerPath}"`),
        );
      owners.set(name, leaf);
    }
  }
}

function takeSnapshots(leaf: Leaf, prefix: string, snapshots: Snapshot[]): void {
  for (const parameter of leaf.parameters) {
    const weight = findWeight(leaf.layer, parameter.weight) as LayerVariable;
    // Kept, because a tidy around the call must not dispose the snapshot before it is read.
    const tensor = keep(weight.read().clone());
    snapshots.push({ key: keyOf(prefix, leaf, parameter.key), leaf, parameter, tensor });
  }
}

function toTorchTensor({ key, leaf, parameter, tensor }: Snapshot, values: Float32Array): TorchTensor {
  const torch = parameter.layout.toTorch(values, tensor.shape);
  if (torch !== undefined) return { dtype: 'F32', shape: torch.shape, data: torch.values };
  const rule = `a weight that ${leaf.module.torchName} can hold as ${show(key)}`;
  const got = `${parameter.weight} of shape ${showShape(tensor.shape)} with values that differ along every axis`;
  const remedy = 'Share all axes but the last with sharedAxes';
  throw new UnsupportedError(message(WHERE, `layer "${leaf.layer.name}"`, rule, got, remedy));
}

/** As `state_dict()` lists a module: parameters and buffers, counters last. */
function inTorchOrder(
  leaves: readonly Leaf[],
  prefix: string,
  read: ReadonlyMap<string, TorchTensor>,
): StateDict {
  const stateDict: StateDict = new Map();
  for (const leaf of leaves) {
    for (const { key } of leaf.parameters) {
      const name = keyOf(prefix, leaf, key);
      stateDict.set(name, read.get(name) as TorchTensor);
    }
    for (const counter of leaf.module.counters ?? [])
      stateDict.set(keyOf(prefix, leaf, counter), { dtype: 'I64', shape: [], data: new BigInt64Array(1) });
  }
  return stateDict;
}
