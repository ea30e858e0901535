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

/** Options as they are once checked. */
export interface SourceOptions extends Omit<ReadOptions, 'limits'> {
  readonly limits: Required<ReadLimits>;
  /** In place of `select`: takes the names of all tensors of the file and returns those to read. */
  readonly selectNames?: SelectNames;
}

/** The tensors of one file: of its parts where a part was asked for and can be had, else of the whole in one buffer. */
export function readSource(located: Located, options: SourceOptions): Promise<StateDict> {
  return runSource(located, options, options.select !== undefined, (file) =>
    readCheckpoint({ ...options, where: WHERE, source: located.name, file }),
  );
}

/**
 * What a reading of one file ends with.
 *
 * @param inParts  takes the parts that it asks for alone, where they can be had, and else the whole in one buffer.
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

/** An error of a reader, which knows its format alone, with the source before it. */
function attributed(error: unknown, prefix: string): unknown {
  if (!(error instanceof Error) || error.message.startsWith(prefix)) return error;
  if (error instanceof FormatError) return new FormatError(error.code, `${prefix}${error.message}`);
  if (error instanceof UnsupportedError) return new UnsupportedError(`${prefix}${error.message}`);
  return error;
}
