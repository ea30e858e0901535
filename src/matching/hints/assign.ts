/** Which layer takes which module, as far as shapes tell. */

import { addTo } from '../add-to.js';

/** Layers, and the modules that each could take. */
export type Candidates<L> = ReadonlyMap<L, readonly string[]>;

export interface Assignment<L> {
  /** Layers for which one module is left, whatever the others take. */
  readonly certain: ReadonlyMap<L, string>;
  /** Layers that several modules fit, or that share the only one; with those that are left for them. */
  readonly open: Candidates<L>;
}

/**
 * No two layers take one module: what is certain for one is no candidate of another. In the end each layer has one module, or the
 * shapes leave a choice.
 */
export function assign<L>(candidates: Candidates<L>): Assignment<L> {
  const certain = new Map<L, string>();
  const open = new Map(Array.from(candidates, ([layer, paths]) => [layer, new Set(paths)]));
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    const claims = new Map<string, L[]>();
    for (const [layer, paths] of open) {
      const [only] = paths;
      if (only === undefined || paths.size > 1) continue;
      addTo(claims, only, layer);
    }
    for (const [path, [layer, another]] of claims) {
      if (layer === undefined || another !== undefined) continue;
      certain.set(layer, path);
      open.delete(layer);
      for (const others of open.values()) others.delete(path);
      isChanged = true;
    }
  }
  return { certain, open: new Map([...open].map(([layer, paths]) => [layer, [...paths]])) };
}
