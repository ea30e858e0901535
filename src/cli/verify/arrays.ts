import { message, show } from '../../check.js';
import { readFor } from '../../state-dict/read.js';
import { float32Of } from '../../state-dict/tensors/float32.js';

/** Numbers as a layer takes them. */
export interface NumberArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const WHERE = 'verify';

/**
 * The array in a file with one, such as a .npy file, or the one called NAME in `FILE#NAME`.
 *
 * @param option  how a message calls it: `--input`.
 * @throws RangeError where the file holds several and none is named, or none of that name.
 */
export async function readArray(option: string, text: string, signal: AbortSignal): Promise<NumberArray> {
  const hash = text.lastIndexOf('#');
  const [file, name] = hash > 0 ? [text.slice(0, hash), text.slice(hash + 1)] : [text, undefined];
  const tensors = await readFor(WHERE, file, { signal });
  const [first] = tensors.keys();
  const key = name ?? (tensors.size === 1 ? first : undefined);
  const tensor = key === undefined ? undefined : tensors.get(key);
  if (key === undefined || tensor === undefined) {
    const rule = name === undefined ? 'a file with one array' : `an array called ${show(name)}`;
    const names = show([...tensors.keys()]);
    throw new RangeError(message(WHERE, option, rule, names, `Name one of them: ${file}#${first}`));
  }
  return { shape: tensor.shape, values: float32Of(WHERE, `${option} ${show(key)}`, tensor) };
}
