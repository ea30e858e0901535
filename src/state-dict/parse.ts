import { checkParseOptions, type ParseOptions } from './options.js';
import { readCheckpoint } from './read-checkpoint.js';
import { runSync } from './reading/drive.js';
import { inflateSync } from './reading/inflate.js';
import { resolveLimits } from './rules/limits.js';
import { asBytes, requireLittleEndian } from './tensors/bytes.js';
import type { StateDict } from './tensors/tensor.js';

const WHERE = 'parseStateDict';
/** A string may be a path as well, so it is not taken for the text itself. */
const TEXT_REMEDY = 'Pass new TextEncoder().encode(text) of JSON text; readStateDict(path) reads a file';

/**
 * The state_dict that a file of safetensors, of `torch.save`, of NumPy (npz, npy) or JSON text, or gzip of one, holds.
 *
 * Of a checkpoint with more than weights (`{epoch, state_dict, optimizer}`) it is the only dict with tensors, or the one
 * that `path` names; dicts inside it become dotted names. `select` takes the tensors of some modules alone, and `onReport`
 * is told what was taken.
 *
 * Tensors are views of `bytes` where alignment, byte order and strides allow: keep the bytes unchanged while in use.
 *
 * @throws FormatError when the file is malformed; `code` names the rule.
 * @throws UnsupportedError for what is known and not read (TorchScript, whole modules, HDF5, ...), with what to run instead,
 *   and on a big-endian machine.
 * @throws TypeError or RangeError for a wrong argument, and where it is not clear which dict is meant.
 */
export function parseStateDict(bytes: Uint8Array | ArrayBuffer, options: ParseOptions = {}): StateDict {
  const bytesInMemory = asBytes(WHERE, bytes, 'bytes', typeof bytes === 'string' ? TEXT_REMEDY : undefined);
  checkParseOptions(WHERE, options);
  requireLittleEndian(WHERE);
  const limits = resolveLimits(WHERE, options.limits);
  const file = { where: WHERE, size: bytesInMemory.length, limits };
  const reading = readCheckpoint({ ...options, where: WHERE, source: 'source', file });
  return runSync(reading, bytesInMemory, inflateSync);
}
