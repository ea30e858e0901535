/** What the file of a whole module, `torch.save(model)`, tells of it beside its tensors. */

import type { StateDict } from './tensors/tensor.js';

/** Python's None, bool, number or text, or a tuple or list of numbers. */
export type AttributeValue = null | boolean | number | string | readonly number[];

/** One module in the file of a whole module. All of it is data: no class is looked up, nothing is called. */
export interface ModuleFacts {
  /** The name of its class: `torch.nn.modules.rnn.GRU`. */
  readonly className: string;
  /**
   * Its plain attributes by name, as the file has them: `eps`, `nonlinearity`. Those whose names begin with `_`, `training`, hooks,
   * tensors and other objects are left out.
   */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** By module path; '' is the root of the names. */
export type FactsByPath = ReadonlyMap<string, ModuleFacts>;

const NONE: FactsByPath = new Map();

/** A state_dict is a plain Map, so what is known of its modules stands beside it. */
const KEPT = new WeakMap<StateDict, FactsByPath>();

/** Keeps facts for as long as the state_dict lives. */
export function keepFacts(stateDict: StateDict, facts: FactsByPath | undefined): void {
  if (facts) KEPT.set(stateDict, facts);
}

/** The facts of a state_dict that was read from a whole module; none of any other, and of a copy. */
export function factsOf(stateDict: StateDict): FactsByPath {
  return KEPT.get(stateDict) ?? NONE;
}
