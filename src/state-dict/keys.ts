/** Keys of a state_dict: dotted paths `module.submodule.parameter`, as `module.state_dict()` writes them. */
import { message, show } from '../check.js';

/** `a.b`; an empty side adds no dot. */
export function joinPath(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left}.${right}`;
}

/**
 * A module path is a state_dict key without its last part: '' (the root), 'gru', 'encoder.gru'.
 *
 * @throws TypeError for anything but a string, RangeError for a dot at either end.
 */
export function checkModulePath(where: string, what: string, path: unknown): asserts path is string {
  if (typeof path !== 'string') throw new TypeError(message(where, what, 'a module path', show(path)));
  if (path.startsWith('.') || path.endsWith('.'))
    throw new RangeError(
      message(where, what, 'a module path without a dot at its end, such as "encoder.gru"', show(path)),
    );
}

/** A key without its last part: the path of the module that owns the parameter, or of the module around a module. */
export function parentPath(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('.')));
}

/** What stands behind `parentPath`: `joinPath(parentPath(key), lastPart(key))` is the key. */
export function lastPart(key: string): string {
  const path = parentPath(key);
  return path === '' ? key : key.slice(path.length + 1);
}
