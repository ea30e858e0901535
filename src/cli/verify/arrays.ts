/** The files with arrays that a user names. */

import { statSync } from 'node:fs';
import { message, show, showFirst } from '../../check.js';
import { readFor } from '../../state-dict/read.js';
import type { StateDict, TorchTensor } from '../../state-dict/tensors/tensor.js';
import { isUrl } from '../url.js';

const WHERE = 'verify';

/** An array as a model gives it. */
export interface NumberArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** What the array is, where it is not what the model has at this place. */
  readonly note?: string | undefined;
}

/** A file, and the name of one of the arrays in it. */
interface Place {
  readonly file: string;
  readonly name: string | undefined;
}

/** Reads arrays, and each file or URL once, however many of its arrays are named. */
export class ArrayFiles {
  private readonly files = new Map<string, Promise<StateDict>>();

  constructor(private readonly signal: AbortSignal) {}

  /**
   * The array in a file with one, such as a .npy file, or the one called NAME in `FILE#NAME`.
   *
   * @param option  how a message calls it: `--input`.
   * @throws RangeError where the file holds several and none is named, or none of that name.
   */
  async read(option: string, text: string): Promise<TorchTensor> {
    const { file, name } = placeOf(text);
    const tensors = await this.open(file);
    const [first] = tensors.keys();
    const key = name ?? (tensors.size === 1 ? first : undefined);
    const tensor = key === undefined ? undefined : tensors.get(key);
    if (tensor !== undefined) return tensor;
    const rule = name === undefined ? 'a file with one array' : `an array called ${show(name)}`;
    const names = showFirst([...tensors.keys()], show);
    throw new RangeError(message(WHERE, option, rule, `[${names}]`, `Name one of them: ${file}#${first}`));
  }

  private open(file: string): Promise<StateDict> {
    const known = this.files.get(file);
    if (known) return known;
    const read = readFor(WHERE, file, { signal: this.signal });
    this.files.set(file, read);
    return read;
  }
}

/** In a URL `#` begins the name; the path of a file may hold it too, and so may the name: what exists decides. */
function placeOf(text: string): Place {
  const split = (at: number): Place => ({ file: text.slice(0, at), name: text.slice(at + 1) });
  const whole = { file: text, name: undefined };
  if (isUrl(text)) return text.includes('#') ? split(text.indexOf('#')) : whole;
  if (isFile(text)) return whole;
  const places = [...text.matchAll(/#/g)].map(({ index }) => split(index));
  const named = places.filter(({ name }) => !/[/\\]/.test(name as string)).at(-1);
  return places.find(({ file }) => isFile(file)) ?? named ?? whole;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
