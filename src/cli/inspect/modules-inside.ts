/** Modules in other modules, such as the head that a subclass of GRU has: their tensors are not the outer one's own. */

import { parentPath } from '../../state-dict/keys.js';
import type { RecognisedModule } from '../../torch/modules.js';

/** Deepest that a module in another is looked for. */
const MAX_LEVELS = 128;

/** By the path of a module the paths of those in it, and not of those in these. */
export function modulesInside(modules: readonly RecognisedModule[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Set(modules.map(({ path }) => path));
  const inside = new Map<string, string[]>();
  for (const path of paths) {
    const outer = outerOf(path, paths);
    if (outer === undefined) continue;
    const known = inside.get(outer);
    if (known) known.push(path);
    else inside.set(outer, [path]);
  }
  return inside;
}

function outerOf(path: string, paths: ReadonlySet<string>): string | undefined {
  let outer = path;
  for (let level = 0; level < MAX_LEVELS && outer !== ''; level++) {
    outer = parentPath(outer);
    if (paths.has(outer)) return outer;
  }
  return undefined;
}
