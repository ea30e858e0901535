import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { kindOfNoFile, type NodeFile, type NodeFs, nodeFs } from '../sources/node-fs.js';
import { reasonOf } from '../sources/stream.js';
import type { StateDict } from '../tensors/tensor.js';
import { type SafetensorsMetadata, safetensorsPieces } from './safetensors.js';

const WHERE = 'saveSafetensors';

/** Bytes of one write. Between two writes the signal is checked. Linux writes at most 2 GiB in one call. */
const CHUNK_BYTES = 1 << 26;

/** The bits of a file's mode for who may read, write and run it. */
const PERMISSIONS = 0o777;

/** Number of the next temporary file of this process. */
let written = 0;

/**
 * Writes a safetensors file in Node: the bytes of `writeSafetensors`, without a copy of them in memory.
 *
 * The write is atomic: the bytes go to a temporary file beside the path, are flushed to the disk, and replace the old file in one
 * step. Until then, and after any failure, the old file is unchanged. A killed process leaves the temporary file
 * `<path>.<process>-<number>.tmp` behind.
 *
 * @param metadata  as in `writeSafetensors`; torch's loaders look for `{ format: 'pt' }`.
 * @throws TypeError or RangeError for a wrong argument, before any file is touched.
 * @throws Error when the file cannot be written, or the path is not a file.
 * @throws UnsupportedError outside Node and on a big-endian machine.
 */
export async function saveSafetensors(
  path: string,
  stateDict: StateDict,
  metadata?: SafetensorsMetadata,
): Promise<void> {
  if (typeof path !== 'string') throw new TypeError(message(WHERE, 'path', 'a path', show(path)));
  if (path === '') throw new RangeError(message(WHERE, 'path', 'a path', '""'));
  const pieces = safetensorsPieces(stateDict, metadata);
  const fs = nodeFs();
  if (fs === undefined) {
    const remedy = 'Take the bytes of writeSafetensors(stateDict), and offer them as a download';
    throw new UnsupportedError(message(WHERE, 'path', 'a file system, as Node has', 'none', remedy));
  }
  await writeAtomically(WHERE, fs, path, pieces);
}

export interface WriteOptions {
  /** Ends the writing: the promise rejects with the signal's reason, and the old file is unchanged. */
  readonly signal?: AbortSignal;
  /** Checks the new file under its temporary path before it replaces the old one; its error is thrown. */
  readonly check?: (temporary: string) => Promise<void>;
}

/**
 * Writes a file with these bytes to a path atomically. A link is followed: the file that it leads to is replaced.
 *
 * @throws Error with the path when it cannot be written; no temporary file is left then.
 */
export async function writeAtomically(
  where: string,
  fs: NodeFs,
  path: string,
  pieces: readonly Uint8Array[],
  { signal, check }: WriteOptions = {},
): Promise<void> {
  const unwritable = (cause: unknown): never => {
    signal?.throwIfAborted();
    throw new Error(message(where, `path ${show(path)}`, 'a file that can be written', reasonOf(cause)), {
      cause,
    });
  };
  const target = await fs.realpath(path).catch(() => path);
  const old = await fs.stat(target).catch(() => undefined);
  if (old && !old.isFile())
    throw new Error(message(where, `path ${show(path)}`, 'a file, or nothing yet', kindOfNoFile(old)));
  const temporary = `${target}.${processId()}-${written++}.tmp`;
  // 'wx' fails where another writer has a file of that name.
  const file = await fs.open(temporary, 'wx').catch((cause: unknown) => {
    if ((cause as { code?: unknown }).code !== 'ENOENT') return unwritable(cause);
    const rule = `a folder ${show(folderOf(target))}`;
    throw new Error(message(where, `path ${show(path)}`, rule, 'none', 'Make it first'), { cause });
  });
  try {
    await writeAll(file, pieces, { signal, mode: old && old.mode & PERMISSIONS })
      .finally(() => file.close())
      .catch(unwritable);
    await check?.(temporary);
    signal?.throwIfAborted();
    await fs.rename(temporary, target).catch(unwritable);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(fs, target);
}

interface WriteAllOptions {
  readonly signal?: AbortSignal;
  /** Permissions, which the file gets before its bytes. */
  readonly mode?: number;
}

async function writeAll(
  file: NodeFile,
  pieces: readonly Uint8Array[],
  { signal, mode }: WriteAllOptions,
): Promise<void> {
  // The new file must not be readable by more people than the old one.
  if (mode !== undefined) await file.chmod(mode);
  let position = 0;
  for (const piece of pieces) {
    for (let offset = 0; offset < piece.length; ) {
      signal?.throwIfAborted();
      const length = Math.min(CHUNK_BYTES, piece.length - offset);
      const { bytesWritten } = await file.write(piece, offset, length, position);
      offset += bytesWritten;
      position += bytesWritten;
    }
  }
  // Without a flush, a crash of the machine could leave the name of the new file without its bytes.
  await file.sync();
}

/** Flushes the renaming. Failures are ignored: the file is in place already, and Windows opens no folders. */
async function syncFolder(fs: NodeFs, target: string): Promise<void> {
  const handle = await fs.open(folderOf(target), fs.constants.O_RDONLY).catch(() => undefined);
  await handle
    ?.sync()
    .catch(() => {})
    .finally(() => handle.close());
}

function folderOf(path: string): string {
  return path.replace(/[^/\\]*$/, '') || '.';
}

function processId(): number {
  return (globalThis as { process?: { pid?: number } }).process?.pid ?? 0;
}
