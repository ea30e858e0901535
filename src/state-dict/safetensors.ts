import { checkKeys, show, showShape } from '../check.js';
import { asBytes, requireLittleEndian } from './bytes.js';
import { alignmentOf, bitsOf, elementCount, viewOf } from './dtypes.js';
import { formatError } from './format-codes.js';
import { type ParseLimits, resolveLimits } from './limits.js';
import { LENGTH_BYTES, readHeader, type SafetensorsHeader, type TensorEntry } from './safetensors-header.js';
import type { StateDict, TorchData } from './types.js';

export interface SafetensorsOptions {
  readonly limits?: ParseLimits;
}

const WHERE = 'safetensors';

/**
 * Reads a safetensors file as `safetensors.torch.load_file` does, without copying the data.
 *
 * Each tensor's `data` is a view of `bytes` where its offset is aligned, which every known writer sees to; else that
 * tensor alone is copied. Writing to a view writes to `bytes`.
 *
 * @throws FormatError when the file breaks a rule of the format; `code` says which.
 * @throws UnsupportedError on a big-endian machine.
 * @see https://github.com/safetensors/safetensors#format
 */
export function parseSafetensors(
  bytes: Uint8Array | ArrayBuffer,
  options: SafetensorsOptions = {},
): StateDict {
  requireLittleEndian(WHERE);
  const file = asBytes('parseSafetensors', bytes);
  const header = checkedHeader('parseSafetensors', file, options);
  return new Map(
    header.entries.map((entry) => {
      const { name, dtype, shape } = entry;
      return [name, { dtype, shape, data: dataOf(file, header.dataStart, entry) }];
    }),
  );
}

/**
 * The `__metadata__` of a safetensors file: what `safe_open(path).metadata()` returns, empty where there is none. Pass it
 * to `writeSafetensors` to keep it.
 *
 * @throws FormatError when the file breaks a rule of the format; `code` says which.
 */
export function parseSafetensorsMetadata(
  bytes: Uint8Array | ArrayBuffer,
  options: SafetensorsOptions = {},
): Map<string, string> {
  const where = 'parseSafetensorsMetadata';
  return checkedHeader(where, asBytes(where, bytes), options).metadata;
}

function checkedHeader(where: string, file: Uint8Array, options: SafetensorsOptions): SafetensorsHeader {
  checkKeys(where, options, ['limits']);
  const header = readHeader(file, resolveLimits(where, options.limits));
  checkLayout(header, file.length);
  return header;
}

/**
 * The tensors, ordered by offset, must tile the data exactly. Without holes nothing can hide in a file; without overlaps
 * the tensors never take more memory than the file.
 */
function checkLayout({ entries, dataStart }: SafetensorsHeader, fileBytes: number): void {
  let tiled = 0;
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    checkEntry(entry, tiled);
    tiled = entry.end;
  }
  const expected = dataStart + tiled;
  if (expected === fileBytes) return;
  const rule = `${expected} bytes (${LENGTH_BYTES} + header ${dataStart - LENGTH_BYTES} + data ${tiled})`;
  const remedy = fileBytes < expected ? 'It is cut short' : 'The last bytes belong to no tensor';
  throw formatError('INCOMPLETE_BUFFER', WHERE, 'file', rule, `${fileBytes}`, remedy);
}

/** Order of the checks as in the reference, `Metadata::validate`. */
function checkEntry({ name, dtype, shape, begin, end }: TensorEntry, tiled: number): void {
  const what = `tensor ${show(name)}`;
  if (begin !== tiled || end < begin) {
    const rule =
      begin === tiled
        ? 'data_offsets in order'
        : `data_offsets to begin at ${tiled}, where the data before it ends`;
    throw formatError('INVALID_OFFSET', WHERE, what, rule, `[${begin}, ${end}]`);
  }
  const bits = elementCount(shape) * bitsOf(dtype);
  if (!Number.isSafeInteger(bits)) {
    const rule = 'sizes whose product can be counted (2^53 - 1 bits)';
    throw formatError('VALIDATION_OVERFLOW', WHERE, what, rule, `${dtype} ${showShape(shape)}`);
  }
  if (bits % 8 !== 0) {
    const rule = `whole bytes for ${dtype} ${showShape(shape)}`;
    throw formatError('MISALIGNED', WHERE, what, rule, `${bits} bits`);
  }
  if (end - begin !== bits / 8) {
    const rule = `${bits / 8} bytes for ${dtype} ${showShape(shape)}`;
    throw formatError('SIZE_MISMATCH', WHERE, what, rule, `data_offsets [${begin}, ${end}]`);
  }
}

function dataOf(file: Uint8Array, dataStart: number, { dtype, begin, end }: TensorEntry): TorchData {
  const byteLength = end - begin;
  const byteOffset = file.byteOffset + dataStart + begin;
  if (byteOffset % alignmentOf(dtype) === 0) return viewOf(dtype, file.buffer, byteOffset, byteLength);
  return viewOf(dtype, file.slice(dataStart + begin, dataStart + end).buffer, 0, byteLength);
}
