/** Recognises the torch modules that own the tensors of a state_dict, by names and shapes. */

import { showFirst } from '../check.js';
import { type Derivation, findDerivations, type Undetermined } from '../matching/reparametrised/derive.js';
import { pythonRemedy } from '../matching/reparametrised/with-derived.js';
import { lastPart } from '../state-dict/keys.js';
import type { FactsByPath } from '../state-dict/module-facts.js';
import { isOpaque } from '../state-dict/tensors/dtypes.js';
import {
  adopt,
  byPath,
  type Group,
  groupByPath,
  modulesInside,
  type TensorShape,
  withWeights,
} from './groups.js';
import { describeModule, type NamedShapes, type RecognisedModule, torchNameOf } from './modules.js';
import { recogniseNonRecurrent } from './recognise-non-recurrent.js';
import { recogniseRecurrent } from './recognise-recurrent.js';
import { withFacts } from './told/with-facts.js';

/**
 * The modules that own the tensors, in the order of the file. Every tensor is in one of them: a module that
 * is not recognised has the kind `unknown`, with the reason.
 *
 * Weights that the file stores as other tensors (`weight_norm` and its like) stand in their modules under their own names; where
 * the module is not recognised with them, its tensors stand as they are.
 *
 * @param facts  what the file of a whole module tells, which decides what names and shapes leave open.
 */
export function recogniseModules(
  tensors: ReadonlyMap<string, TensorShape>,
  facts: FactsByPath = new Map(),
): RecognisedModule[] {
  const { derived, undetermined } = findDerivations(tensors);
  const modules = recogniseAll(tensors, derived, undetermined, facts);
  const failed = new Set(modules.flatMap(({ kind, derived: own = [] }) => (kind === 'unknown' ? own : [])));
  if (failed.size === 0) return modules;
  const kept = new Map([...derived].filter(([, derivation]) => !failed.has(derivation)));
  return recogniseAll(tensors, kept, undetermined, facts);
}

function recogniseAll(
  tensors: ReadonlyMap<string, TensorShape>,
  derived: ReadonlyMap<string, Derivation>,
  undetermined: ReadonlyMap<string, Undetermined>,
  facts: FactsByPath,
): RecognisedModule[] {
  const groups = groupByPath(withWeights(tensors, derived));
  const derivedIn = byPath(derived);
  const lackingIn = byPath(undetermined);
  for (const [path, lacking] of lackingIn) adopt(groups, path, lacking);
  const outer = modulesInside(groups.keys());
  const inputSizes = new Set<number>();
  const refused = new Map<string, RecognisedModule>();
  const recurrent = new Map<string, RecognisedModule>();
  for (const [path, group] of groups) {
    const reason = unusable(path, group) ?? parametrized(path, group, lackingIn.get(path) ?? []);
    if (reason) refused.set(path, reason);
    const module = reason ? undefined : recogniseRecurrent(path, shapesOf(group));
    if (module) recurrent.set(path, module);
    if (module?.kind === 'recurrent') inputSizes.add(module.args.inputSize);
  }
  return [...groups].map(([path, group]) => {
    const shapes = shapesOf(group);
    const byShapes = () =>
      recurrent.get(path) ?? recogniseNonRecurrent(path, shapes, { inputSizes, paths: groups });
    const module = refused.get(path) ?? withFacts(path, shapes, facts.get(path), byShapes);
    const inner = outer.get(path) ?? [];
    const own = derivedIn.get(path);
    const checked = inner.length > 0 ? withModulesInside(module, inner) : module;
    return own === undefined ? checked : { ...checked, derived: own };
  });
}

/** A module whose weight is what a parametrization makes of the tensors in the file. */
function parametrized(
  path: string,
  group: Group,
  lacking: readonly Undetermined[],
): RecognisedModule | undefined {
  if (lacking.length === 0) return undefined;
  const doubts = lacking.map((weight) => {
    const names = weight.from.map((part) => (path === '' ? part : part.slice(path.length + 1)));
    return `${lastPart(weight.key)} is computed of ${names.join(', ')} in a way that the file does not tell. ${pythonRemedy(weight)}`;
  });
  return { kind: 'unknown', path, shapes: shapesOf(group), doubts };
}

/** torch's modules with parameters have none inside: what has is of another class, and computes something else. */
function withModulesInside(module: RecognisedModule, inner: readonly string[]): RecognisedModule {
  if (module.kind === 'unknown') return module;
  const { path, shapes } = module;
  const doubt = `it has the parameters of ${describeModule(module)}, but modules inside (${showFirst(inner, String, 4)}), which torch.nn.${torchNameOf(module)} has not`;
  return { kind: 'unknown', path, shapes, doubts: [doubt], like: module };
}

function shapesOf(group: Group): NamedShapes {
  return new Map([...group].map(([name, { shape }]) => [name, shape]));
}

/** What no layer can be made of, whatever the names say. */
function unusable(path: string, group: Group): RecognisedModule | undefined {
  if (path.startsWith('.') || path.endsWith('.')) {
    const doubts = ['a module path has no dot at its end'];
    return { kind: 'unknown', path, shapes: shapesOf(group), doubts };
  }
  for (const [name, { dtype, shape }] of group) {
    const reason =
      dtype === 'C64' || isOpaque(dtype)
        ? `${name} is ${dtype}, which no layer here holds`
        : shape.includes(0)
          ? `${name} is empty`
          : undefined;
    if (reason !== undefined) return { kind: 'unknown', path, shapes: shapesOf(group), doubts: [reason] };
  }
  return undefined;
}
