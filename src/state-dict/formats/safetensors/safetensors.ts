import { checkKeys, show, showShape } from '../../../check.js';
import { runSync } from '../../reading/drive.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { type ReadLimits, resolveLimits } from '../../rules/limits.js';
import { WorkBudget } from '../../rules/work.js';
import { asBytes } from '../../tensors/bytes.js';
import { bitsOf, elementCount } from '../../tensors/dtypes.js';
import type { Checkpoint, CheckpointNode, UnopenedFile } from '../checkpoint.js';
import { LENGTH_BYTES, readHeader, type SafetensorsHeader, type TensorEntry } from './header.js';
import { tiesIn } from './ties.js';

export interface SafetensorsOptions {
  readonly limits?: ReadLimits | undefined;
}

const WHERE = 'safetensors';

/**
 * Opens a safetensors file: reads its header alone, and checks the range of every tensor. Tied tensors that the metadata name
 * stand under each name.
 *
 * @throws FormatError when the file breaks a rule of the format; the message names the rule.
 * @see https://github.com/safetensors/safetensors#format
 */
export function* openSafetensors(file: UnopenedFile): Reading<Checkpoint> {
  const { entries, metadata, dataStart } = yield* checkedHeader(file);
  const root = new Map(entries.map((entry) => [entry.name, storedNode(entry, dataStart)]));
  const ties = tiesIn(metadata, (name) => root.has(name));
  for (const [name, tensor] of ties) root.set(name, root.get(tensor) as CheckpointNode);
  return { format: 'safetensors', root, ties, metadata, unknownGlobals: [], warnings: [] };
}

function storedNode({ name, dtype, shape, begin, end }: TensorEntry, dataStart: number): CheckpointNode {
  const storage = {
    begin: dataStart + begin,
    end: dataStart + end,
    littleEndian: true,
    what: `tensor ${show(name)}`,
  };
  return { kind: 'stored', tensor: { dtype, shape, storage, byteOffset: 0 } };
}

/**
 * Reads the `__metadata__` of a safetensors file, as `safe_open(path).metadata()` returns it; empty where there is none. Pass it to
 * `writeSafetensors` to keep it.
 *
 * @throws FormatError when the file breaks a rule of the format; the message names the rule.
 */
export function parseSafetensorsMetadata(
  bytes: Uint8Array | ArrayBuffer,
  options: SafetensorsOptions = {},
): Map<string, string> {
  const where = 'parseSafetensorsMetadata';
  const file = asBytes(where, bytes);
  checkKeys(where, options, ['limits']);
  const limits = resolveLimits(where, options.limits);
  const work = new WorkBudget(file.length, limits);
  return runSync(checkedHeader({ where, size: file.length, limits, work }), file).metadata;
}

function* checkedHeader(file: UnopenedFile): Reading<SafetensorsHeader> {
  const header = yield* readHeader(file);
  checkLayout(header, file.size);
  return header;
}

/**
 * The tensors, ordered by offset, must tile the data exactly. Without holes nothing can hide in a file; without overlaps the
 * tensors need at most the memory of the file.
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
  const isShort = fileBytes < expected;
  const remedy = isShort ? 'It is cut short' : 'The last bytes belong to no tensor';
  throw formatError(isShort ? 'TRUNCATED' : 'TRAILING_BYTES', WHERE, 'file', rule, `${fileBytes}`, remedy);
}

/** Order of the checks as in the reference, `Metadata::validate`. */
function checkEntry({ name, dtype, shape, begin, end }: TensorEntry, tiled: number): void {
  const what = `tensor ${show(name)}`;
  if (begin !== tiled || end < begin) {
    const rule =
      begin === tiled
        ? 'data_offsets in order'
        : `data_offsets to begin at ${tiled}, where the data before it ends`;
    throw formatError('INCONSISTENT', WHERE, what, rule, `[${begin}, ${end}]`);
  }
  const bits = elementCount(shape) * bitsOf(dtype);
  if (!Number.isSafeInteger(bits)) {
    const rule = 'sizes whose product can be counted (2^53 - 1 bits)';
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `${dtype} ${showShape(shape)}`);
  }
  if (bits % 8 !== 0) {
    const rule = `whole bytes for ${dtype} ${showShape(shape)}`;
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `${bits} bits`);
  }
  if (end - begin !== bits / 8) {
    const rule = `${bits / 8} bytes for ${dtype} ${showShape(shape)}`;
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `data_offsets [${begin}, ${end}]`);
  }
}
