import { readerAtHand } from './formats/readers.js';
import { checkParseOptions, type ParseOptions } from './options.js';
import { readCheckpoint } from './read-checkpoint.js';
import { runSync } from './reading/drive.js';
import { inflateSync } from './reading/inflate.js';
import { resolveLimits } from './rules/limits.js';
import { WorkBudget } from './rules/work.js';
import { asBytes, requireLittleEndian } from './tensors/bytes.js';
import type { StateDict } from './tensors/tensor.js';

/** What a reading may ask for besides bytes of the file. */
export const SERVICES = { inflate: inflateSync, load: readerAtHand };

const WHERE = 'parseStateDict';
/** A string could be a path, so it is refused. */
const TEXT_REMEDY = 'Pass new TextEncoder().encode(text) of JSON text; readStateDict(path) reads a file';

/**
 * Reads a state_dict from the bytes of a file: safetensors, `torch.save`, `pickle.dump`, NumPy (npz, npy) or JSON text, or gzip of
 * one. It is the synchronous twin of `readStateDict`.
 *
 * In a checkpoint that holds more than weights (`{epoch, state_dict, optimizer}`) it takes the only dict with tensors, or the one
 * that `path` names; dicts inside it become dotted names. `select` reads the tensors of some modules alone, and `onReport` gets
 * a report of what was read; without it, tensors that were left out are a `console.warn`.
 *
 * Tensors are views of `bytes` where alignment, byte order and strides allow: keep the bytes unchanged while in use.
 *
 * @throws FormatError when the file is malformed; `code` names the kind of fault.
 * @throws UnsupportedError for known files that are not read (TorchScript, quantised models, HDF5, ...), with what to run instead,
 *   and on a big-endian machine.
 * @throws TypeError or RangeError for a wrong argument.
 * @throws RangeError where several dicts hold tensors and `path` names none, or a limit on memory is exceeded.
 */
export function parseStateDict(bytes: Uint8Array | ArrayBuffer, options: ParseOptions = {}): StateDict {
  const bytesInMemory = asBytes(WHERE, bytes, 'bytes', typeof bytes === 'string' ? TEXT_REMEDY : undefined);
  checkParseOptions(WHERE, options);
  requireLittleEndian(WHERE);
  const limits = resolveLimits(WHERE, options.limits);
  const size = bytesInMemory.length;
  const file = { where: WHERE, size, limits, work: new WorkBudget(size, limits) };
  return runSync(readCheckpoint(file, options), bytesInMemory, SERVICES);
}
