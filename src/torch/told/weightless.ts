/** Modules without weights, which the file of a whole module names: activations, dropout, pooling. */

import { parentPath } from '../../state-dict/keys.js';
import type { AttributeValue, FactsByPath, ModuleFacts } from '../../state-dict/module-facts.js';
import { isContainer, pythonText, torchClassOf } from './settings.js';

/** Names may nest as deep as they like; modules are nested less. */
const MAX_NESTING = 64;

export interface WeightlessModule {
  readonly path: string;
  readonly className: string;
  /** Of a class of torch.nn: its attributes. */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** In the order of the file; those that hold modules, with or without weights, are not listed. */
export function weightlessModules(facts: FactsByPath, tensors: Iterable<string>): WeightlessModule[] {
  const holders = new Set<string>();
  const add = (key: string): void => {
    let path = parentPath(key);
    for (let i = 0; i < MAX_NESTING && !holders.has(path); i++, path = parentPath(path)) holders.add(path);
  };
  for (const key of tensors) add(key);
  for (const path of facts.keys()) if (path !== '') add(path);
  return [...facts].flatMap(([path, own]) =>
    holders.has(path) || isContainer(own)
      ? []
      : [{ path, className: own.className, attributes: attributesOf(own) }],
  );
}

function attributesOf(facts: ModuleFacts): WeightlessModule['attributes'] {
  if (torchClassOf(facts) === undefined) return new Map();
  return new Map([...facts.attributes].filter(([name]) => name !== 'inplace'));
}

/** `Dropout(p=0.2)`; of a class of the user's own its whole name. */
export function describeWeightless({ className, attributes }: WeightlessModule): string {
  const name = className.replace(/^torch\.nn\.modules\.\w+\./, '');
  const list = [...attributes].map(([key, value]) => `${key}=${pythonText(value)}`);
  return `${name}(${list.join(', ')})`;
}
