/** Selects the tensors of the modules that a caller names. */

import { message, show, showFirst } from '../../check.js';
import { lastPart, parentPath } from '../keys.js';

/**
 * The names at or below one of the module paths; all names without paths.
 *
 * @throws RangeError for a path without a name at or below it, which is misspelt.
 */
export function selectNames(
  where: string,
  names: readonly string[],
  select: readonly string[] | undefined,
): readonly string[] {
  if (select === undefined) return names;
  const unmatched = new Set(select);
  const selected = names.filter((name) => {
    const paths = select.filter((path) => isAtOrBelow(name, path));
    for (const path of paths) unmatched.delete(path);
    return paths.length > 0;
  });
  const [missing] = unmatched;
  if (missing === undefined) return selected;
  throw new RangeError(
    message(where, 'select', 'module paths of tensors', show(missing), hint(names, missing)),
  );
}

/** Whether a name is a module path, or below it. */
export function isAtOrBelow(name: string, path: string): boolean {
  return path === '' || name === path || name.startsWith(`${path}.`);
}

/** Module paths with the same last part, else the first parts of all names. */
function hint(names: readonly string[], missing: string): string | undefined {
  const last = lastPart(missing);
  const modules = new Set(names.map(parentPath));
  const near = [...modules].filter((path) => path === last || path.endsWith(`.${last}`));
  const found = near.length > 0 ? near : [...new Set(names.map((name) => name.split('.', 1)[0] ?? name))];
  if (found.length === 0) return undefined;
  return `There are ${showFirst(found, show)}`;
}
