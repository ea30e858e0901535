import { message, show } from '../../check.js';
import { checkModulePath } from '../../state-dict/keys.js';
import type { StateDict, TorchTensor } from '../../state-dict/tensors/tensor.js';

const WHERE = 'convert';

/**
 * The tensors without a module path at the front of their names. Others keep theirs.
 *
 * @throws RangeError where no name begins with it, or two tensors would get one name.
 */
export function renameAll(stateDict: StateDict, strip: string | undefined): StateDict {
  if (strip === undefined) return stateDict;
  checkModulePath(WHERE, '--strip', strip);
  const start = `${strip}.`;
  const renamed = new Map<string, TorchTensor>();
  let stripped = 0;
  for (const [name, tensor] of stateDict) {
    const isBelow = name.startsWith(start);
    if (isBelow) stripped++;
    const own = isBelow ? name.slice(start.length) : name;
    if (renamed.has(own)) {
      const remedy = `Leave out --strip, or take one part with --select ${strip}`;
      throw new RangeError(message(WHERE, `tensor ${show(own)}`, 'one of that name', 'two', remedy));
    }
    renamed.set(own, tensor);
  }
  if (stripped > 0) return renamed;
  const first = show([...stateDict.keys()].slice(0, 3));
  throw new RangeError(message(WHERE, '--strip', `names that begin with ${show(start)}`, `none in ${first}`));
}
