import type { PathWords } from './choose/path-words.js';
import { checkReadOptions, type ReadOptions } from './options.js';
import { resolveLimits } from './rules/limits.js';
import { readSharded, resolveSource } from './sharded.js';
import { locate, type StateDictSource } from './sources/locate.js';
import { readSource } from './sources/read-source.js';
import { requireLittleEndian } from './tensors/bytes.js';
import type { StateDict } from './tensors/tensor.js';

/**
 * Reads a state_dict from a path, URL, `ArrayBuffer`, `Uint8Array`, `Blob`, `File` or `Response`. The bytes decide the format:
 * safetensors, `torch.save`, `torch.export.save` (the weights alone), `pickle.dump`, NumPy (npz, npy) or JSON text, or gzip of one. The path or URL of
 * a `*.index.json`, or the path of a folder with `model.safetensors.index.json`, names a model in several files.
 *
 * In a checkpoint that holds more than weights (`{epoch, state_dict, optimizer}`) it takes the only dict with tensors, or the one
 * that `path` names; dicts inside it become dotted names. `onReport` gets a report of what was read; without
 * it, tensors that were left out are a `console.warn`.
 *
 * The source is read into one buffer, and tensors are views of it where alignment, byte order and strides allow. With
 * `select` only the parts that hold the tensors of these modules are read, from a path, a Blob, or a URL whose server serves
 * ranges. A failed request is not repeated.
 *
 * @throws FormatError when the file is malformed; `code` names the kind of fault, the message also the path or URL.
 * @throws UnsupportedError for known files that are not read (TorchScript, quantised models, HDF5, ...), with what to run instead,
 *   and on a big-endian machine.
 * @throws Error when the source cannot be read (no such file, status 404) or changes meanwhile, with its path or URL.
 * @throws TypeError or RangeError for a wrong argument.
 * @throws RangeError where the source is longer than `limits.maxBytes` or than it declares, where several dicts hold tensors and
 *   `path` names none, or where a limit on memory is exceeded.
 */
export function readStateDict(source: StateDictSource, options: ReadOptions = {}): Promise<StateDict> {
  return readFor('readStateDict', source, options);
}

/** `readStateDict` for a caller that opens its messages, and has its own words for a path. */
export async function readFor(
  caller: string,
  source: StateDictSource,
  options: ReadOptions,
  words?: PathWords,
): Promise<StateDict> {
  checkReadOptions(caller, options);
  requireLittleEndian(caller);
  const resolved = { ...options, words, limits: resolveLimits(caller, options.limits) };
  options.signal?.throwIfAborted();
  const { kind, located } = await resolveSource(locate(caller, source));
  return kind === 'index' ? readSharded(located, resolved) : readSource(located, resolved);
}
