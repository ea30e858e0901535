import { FormatError, UnsupportedError } from '../../errors.js';
import type { InputFile } from '../formats/checkpoint.js';
import type { ReadOptions } from '../options.js';
import { readCheckpoint, type SelectNames } from '../read-checkpoint.js';
import { runAsync } from '../reading/drive.js';
import { inflateAsync } from '../reading/inflate.js';
import type { Reading } from '../reading/reading.js';
import type { ReadLimits } from '../rules/limits.js';
import type { StateDict } from '../tensors/tensor.js';
import { checkDigest, requireSubtle } from './digest.js';
import { type Located, WHERE } from './locate.js';
import { memoryAccess, type RandomAccess } from './ranges.js';

/** Checked options, with all limits. */
export interface SourceOptions extends Omit<ReadOptions, 'limits'> {
  readonly limits: Required<ReadLimits>;
  /** In place of `select`: takes the names of all tensors of the file and returns those to read. */
  readonly selectNames?: SelectNames;
}

/** Reads the tensors of one file: its parts with `select`, where the source serves parts, else the whole into one buffer. */
export function readSource(located: Located, options: SourceOptions): Promise<StateDict> {
  return runSource(located, options, options.select !== undefined, (file) =>
    readCheckpoint({ ...options, where: WHERE, source: located.name, file }),
  );
}

/**
 * Runs a reading on one file, and returns its result.
 *
 * @param inParts  reads the requested parts alone, where the source serves parts; else the whole into one buffer.
 */
export async function runSource<T>(
  located: Located,
  options: SourceOptions,
  inParts: boolean,
  reading: (file: InputFile) => Reading<T>,
): Promise<T> {
  const { limits, signal } = options;
  signal?.throwIfAborted();
  const access = await accessTo(located, options, inParts);
  const where = `${WHERE}: ${located.name}`;
  try {
    signal?.throwIfAborted();
    return await runAsync(reading({ where, size: access.size, limits }), access, (request) =>
      inflateAsync(request, signal),
    );
  } catch (error) {
    throw attributed(error, `${where}: `);
  } finally {
    await access.close();
  }
}

async function accessTo(located: Located, options: SourceOptions, inParts: boolean): Promise<RandomAccess> {
  const { limits, sha256, signal, onProgress } = options;
  const transfer = { where: WHERE, source: located.name, maxBytes: limits.maxBytes, signal, onProgress };
  if (inParts && sha256 === undefined && located.openParts) return located.openParts(transfer);
  if (sha256 !== undefined) requireSubtle(`${WHERE}: ${located.name}`);
  const bytes = await located.readWhole(transfer);
  if (sha256 !== undefined) await checkDigest(`${WHERE}: ${located.name}`, bytes, sha256);
  return memoryAccess(bytes);
}

/** The error of a reader with the source before its message: readers know their format alone. */
function attributed(error: unknown, prefix: string): unknown {
  if (!(error instanceof Error) || error.message.startsWith(prefix)) return error;
  if (error instanceof FormatError) return new FormatError(error.code, `${prefix}${error.message}`);
  if (error instanceof UnsupportedError) return new UnsupportedError(`${prefix}${error.message}`);
  return error;
}
