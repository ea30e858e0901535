import { FormatError, UnsupportedError } from '../../errors.js';
import type { UnopenedFile } from '../formats/checkpoint.js';
import { loadReader } from '../formats/load-reader.js';
import type { ReadOptions } from '../options.js';
import { readCheckpoint, type Wanted } from '../read-checkpoint.js';
import { runAsync } from '../reading/drive.js';
import { inflateAsync } from '../reading/inflate.js';
import type { Reading } from '../reading/reading.js';
import { expandedBytes, type ReadLimits } from '../rules/limits.js';
import { WorkBudget } from '../rules/work.js';
import type { StateDict } from '../tensors/tensor.js';
import { checkDigest, requireSubtle } from './digest.js';
import type { HttpOptions } from './http/request.js';
import type { Located } from './locate.js';
import { memoryAccess, type RandomAccess } from './ranges.js';

/** Checked options, with all limits. */
export interface SourceOptions
  extends Omit<ReadOptions, 'limits'>,
    Pick<Wanted, 'selectNames' | 'onRead' | 'words'> {
  readonly limits: Required<ReadLimits>;
}

/** Reads the tensors of one file: its parts with `select`, where the source serves parts, else the whole into one buffer. */
export function readSource(located: Located, options: SourceOptions): Promise<StateDict> {
  return runSource(located, options, options.select !== undefined, (file) => readCheckpoint(file, options));
}

/**
 * Runs a reading on one file, and returns its result.
 *
 * @param inParts  reads the requested parts alone, where the source serves parts; else the whole into one buffer.
 */
export async function runSource<T>(
  located: Located,
  options: Pick<SourceOptions, 'limits' | 'signal' | 'onProgress' | 'sha256' | keyof HttpOptions>,
  inParts: boolean,
  reading: (file: UnopenedFile) => Reading<T>,
): Promise<T> {
  const { limits, signal } = options;
  const { where } = located;
  signal?.throwIfAborted();
  const access = await accessTo(located, options, inParts);
  try {
    signal?.throwIfAborted();
    const { size, received } = access;
    const file = { where, size, received, limits, work: new WorkBudget(received ?? size, limits) };
    return await runAsync(reading(file), access, {
      inflate: (request) => inflateAsync(request, signal),
      load: loadReader,
    });
  } catch (error) {
    throw attributed(where, error);
  } finally {
    await access.close();
  }
}

async function accessTo(
  located: Located,
  { limits, sha256, signal, onProgress, headers, fetch }: Parameters<typeof runSource>[1],
  inParts: boolean,
): Promise<RandomAccess> {
  const { caller, name, where } = located;
  const http = { headers, fetch };
  const { maxBytes } = limits;
  const maxInflated = (bytes: number): number => expandedBytes(bytes, limits);
  const transfer = { where: caller, source: name, maxBytes, maxInflated, signal, onProgress, http };
  if (inParts && sha256 === undefined && located.openParts) return located.openParts(transfer);
  if (sha256 !== undefined) requireSubtle(where);
  const bytes = await located.readWhole(transfer);
  if (sha256 !== undefined) await checkDigest(where, bytes, sha256);
  return memoryAccess(bytes);
}

/**
 * Inside a file the format is the Where of a FormatError and an UnsupportedError; here the caller and the file come before it. The
 * error itself is the cause.
 */
function attributed(where: string, cause: unknown): unknown {
  if (cause instanceof FormatError)
    return new FormatError(cause.code, `${where}: ${cause.message}`, { cause });
  if (cause instanceof UnsupportedError) return new UnsupportedError(`${where}: ${cause.message}`, { cause });
  return cause;
}
