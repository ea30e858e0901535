import { checkReadOptions, type ReadOptions } from './options.js';
import { resolveLimits } from './rules/limits.js';
import { readSharded, resolveSource } from './sharded.js';
import { locate, type StateDictSource, WHERE } from './sources/locate.js';
import { readSource } from './sources/read-source.js';
import { requireLittleEndian } from './tensors/bytes.js';
import type { StateDict } from './tensors/tensor.js';

/**
 * Reads a state_dict from a path, URL, `ArrayBuffer`, `Uint8Array`, `Blob`, `File` or `Response`: a file of safetensors, of
 * `torch.save`, of NumPy (npz, npy) or JSON text, or gzip of one, told apart by the bytes. The path or URL of a
 * `*.index.json`, or the path of a folder with `model.safetensors.index.json`, stands for a model in several files.
 *
 * Of a checkpoint with more than weights (`{epoch, state_dict, optimizer}`) it is the only dict with tensors, or the one
 * that `path` names; dicts inside it become dotted names. `onReport` is told what was taken.
 *
 * The source is read into one buffer, and tensors are views of it where alignment, byte order and strides allow. With
 * `select` only the parts that hold the tensors of these modules are read, from a path, Blob or URL whose server serves
 * ranges. A request that fails is not repeated.
 *
 * @throws FormatError when the file is malformed; `code` names the rule, the message also the path or URL.
 * @throws UnsupportedError for what is known and not read (TorchScript, whole modules, HDF5, ...), with what to run instead,
 *   and on a big-endian machine.
 * @throws Error when the source cannot be read (no such file, status 404), or changes meanwhile, with its path or URL.
 * @throws RangeError when it is longer than `limits.maxBytes` or than it declares, and where it is not clear which dict is
 *   meant.
 */
export async function readStateDict(source: StateDictSource, options: ReadOptions = {}): Promise<StateDict> {
  checkReadOptions(WHERE, options);
  requireLittleEndian(WHERE);
  const resolved = { ...options, limits: resolveLimits(WHERE, options.limits) };
  options.signal?.throwIfAborted();
  const { kind, located } = await resolveSource(locate(source));
  return kind === 'index' ? readSharded(located, resolved) : readSource(located, resolved);
}
