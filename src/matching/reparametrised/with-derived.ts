/** A state_dict in which reparametrised weights stand beside their parts. */

import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { lastPart, parentPath } from '../../state-dict/keys.js';
import { checkTensor } from '../../state-dict/tensors/check.js';
import type { StateDict, TorchTensor } from '../../state-dict/tensors/tensor.js';
import { type Derivation, type Derivations, findDerivations } from './derive.js';

export interface WithDerived extends Derivations {
  /** The tensors of the file and, computed when they are read, the weights that it stores as other tensors. */
  readonly stateDict: StateDict;
}

/** The state_dict itself where it has no reparametrised weight. */
export function withDerived(where: string, stateDict: StateDict): WithDerived {
  const described = new Map([...stateDict].filter(([, tensor]) => isTensor(tensor)));
  const found = findDerivations(described);
  if (found.derived.size === 0) return { ...found, stateDict };
  const all: StateDict = new Map(stateDict);
  for (const derivation of found.derived.values())
    all.set(derivation.key, lazily(where, derivation, stateDict));
  return { ...found, stateDict: all };
}

/** What a caller put into a Map may be anything; what is no tensor is told where it is wanted. */
function isTensor(value: unknown): boolean {
  const { dtype, shape } = (value ?? {}) as Partial<TorchTensor>;
  return typeof dtype === 'string' && Array.isArray(shape);
}

function lazily(where: string, derivation: Derivation, stateDict: StateDict): TorchTensor {
  const { dtype, shape } = derivation;
  let computed: TorchTensor | undefined;
  return {
    dtype,
    shape,
    get data() {
      computed ??= compute(where, derivation, stateDict);
      return computed.data;
    },
  };
}

function compute(where: string, derivation: Derivation, stateDict: StateDict): TorchTensor {
  const tensor = derivation.compute((key) => {
    const found = stateDict.get(key) as TorchTensor;
    checkTensor(where, key, found);
    return found;
  });
  if (tensor !== undefined) return tensor;
  const got = `${derivation.from.map(show).join(', ')}, which do not determine it`;
  const rule = `a weight that its parts determine`;
  throw new UnsupportedError(message(where, show(derivation.key), rule, got, pythonRemedy(derivation)));
}

/** What to run in Python, so that the file holds the weight itself. */
export function pythonRemedy({ key, from }: Pick<Derivation, 'key' | 'from'>): string {
  const path = parentPath(key);
  const module = path === '' ? 'model' : `model.get_submodule(${JSON.stringify(path)})`;
  const name = JSON.stringify(lastPart(key));
  const isNew = from.some((part) => part.includes('parametrizations.'));
  const has = (suffix: string) => from.includes(key + suffix);
  const call = isNew
    ? `torch.nn.utils.parametrize.remove_parametrizations(${module}, ${name})`
    : has('_mask')
      ? `torch.nn.utils.prune.remove(${module}, ${name})`
      : has('_u')
        ? `torch.nn.utils.remove_spectral_norm(${module}, ${name})`
        : undefined;
  return call === undefined
    ? "Save the weight that the module computes of it under the weight's own name"
    : `Run model.eval() and ${call} in Python, and save its state_dict again`;
}
