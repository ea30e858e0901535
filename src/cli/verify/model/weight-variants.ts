/** The weights of recurrent layers as another program may have written them. */

import { show } from '../../../check.js';
import { joinPath } from '../../../state-dict/keys.js';
import { float32Of } from '../../../state-dict/tensors/float32.js';
import type { StateDict, TorchTensor } from '../../../state-dict/tensors/tensor.js';
import type { CellModule, RecurrentModule } from '../../../torch/modules.js';
import { recogniseModules } from '../../../torch/recognise.js';
import { gatesOf, otherOrders } from '../gate-orders.js';

export interface WeightVariant {
  /** "the numbers fit ..." */
  readonly fits: string;
  /** What was tried. */
  readonly phrase: string;
  change(weights: StateDict): StateDict;
}

type Module = RecurrentModule | CellModule;

/** Changes of each recurrent module alone, and of all at once where there are several. */
export function weightVariants(weights: StateDict): WeightVariant[] {
  const modules = recogniseModules(weights)
    .map((module) => (module.kind === 'unknown' ? (module.like ?? module) : module))
    .filter((module) => module.kind === 'recurrent' || module.kind === 'cell')
    .filter((module) => keysOf(module).every((key) => weights.has(key)));
  const groups = modules.length > 1 ? [modules, ...modules.map((own) => [own])] : modules.map((own) => [own]);
  return groups.flatMap((group) => [...exchanges(group), ...biases(group), ...gateOrders(group)]);
}

function keysOf({ path, shapes }: Module): string[] {
  return [...shapes.keys()].map((name) => joinPath(path, name));
}

function namesOf(modules: readonly Module[]): string {
  return modules.map(({ path }) => (path === '' ? 'the file' : show(path))).join(' and ');
}

/** Each tensor of the modules by another one, of the same key or another. */
function changed(
  weights: StateDict,
  modules: readonly Module[],
  change: (tensor: TorchTensor, key: string) => TorchTensor,
): StateDict {
  const keys = new Set(modules.flatMap(keysOf));
  return new Map(Array.from(weights, ([key, tensor]) => [key, keys.has(key) ? change(tensor, key) : tensor]));
}

function exchanges(modules: readonly Module[]): WeightVariant[] {
  const isTwoWay = (module: Module) => 'bidirectional' in module.args && module.args.bidirectional;
  if (!modules.every(isTwoWay)) return [];
  const twin = (key: string) =>
    key.endsWith('_reverse') ? key.slice(0, -'_reverse'.length) : `${key}_reverse`;
  return [
    {
      fits: `with the weights of the two directions of ${namesOf(modules)} exchanged`,
      phrase: 'the directions exchanged',
      change: (weights) => changed(weights, modules, (_, key) => weights.get(twin(key)) as TorchTensor),
    },
  ];
}

function biases(modules: readonly Module[]): WeightVariant[] {
  const without = (name: string, text: string): WeightVariant => ({
    fits: `without ${text} of ${namesOf(modules)}`,
    phrase: 'missing biases',
    change: (weights) =>
      changed(weights, modules, (tensor, key) => {
        const own = key.slice(key.lastIndexOf('.') + 1);
        return own.startsWith(name)
          ? withValues(tensor, (values) => new Float32Array(values.length))
          : tensor;
      }),
  });
  const hasBias = modules.some((module) => keysOf(module).some((key) => key.includes('bias_')));
  return hasBias
    ? [without('bias', 'the biases'), without('bias_ih', 'bias_ih'), without('bias_hh', 'bias_hh')]
    : [];
}

function gateOrders(modules: readonly Module[]): WeightVariant[] {
  const [gates, ...others] = new Set(modules.map(({ torchName }) => gatesOf(torchName)));
  if (gates === undefined || others.length > 0) return [];
  return otherOrders(gates).map(({ text, toTorch }) => ({
    fits: `with the rows of the weights of ${namesOf(modules)} ${text}`,
    phrase: 'other orders of the gates',
    change: (weights) =>
      changed(weights, modules, (tensor, key) =>
        key.includes('weight_hr') ? tensor : withValues(tensor, toTorch),
      ),
  }));
}

function withValues(tensor: TorchTensor, change: (values: Float32Array) => Float32Array): TorchTensor {
  return { dtype: 'F32', shape: tensor.shape, data: change(float32Of('verify', 'weights', tensor)) };
}
