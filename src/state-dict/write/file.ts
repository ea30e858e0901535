import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { kindOfNoFile, type NodeFile, type NodeFs, nodeFs } from '../sources/node-fs.js';
import { reasonOf } from '../sources/stream.js';
import type { StateDict } from '../tensors/tensor.js';
import { type SafetensorsMetadata, safetensorsPieces } from './safetensors.js';

const WHERE = 'saveSafetensors';

/** Bytes written at a time: between two writes the signal is looked at. Linux takes no more than 2 GiB in one call. */
const CHUNK_BYTES = 1 << 26;

/** Of the mode of a file: who may read, write and run it. */
const PERMISSIONS = 0o777;

/** Tells the temporary files of one process apart. */
let written = 0;

/**
 * Writes a safetensors file, in Node: the bytes of `writeSafetensors`, without a copy of them in memory.
 *
 * Whole or not at all: the bytes go to a temporary file beside it, reach the disk, and take the place of the old file in one
 * step. Until then, and after any failure, the old file is what it was. A process that is killed leaves the temporary
 * file, `<path>.<process>-<number>.tmp`, behind.
 *
 * @param metadata  as in `writeSafetensors`; torch's loaders look for `{ format: 'pt' }`.
 * @throws TypeError or RangeError for a wrong argument, before any file is touched.
 * @throws Error when the file cannot be written, or something else than a file is there. UnsupportedError outside Node and on
 *   a big-endian machine.
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
  await writeAtomically(fs, path, pieces);
}

export interface WriteOptions {
  /** Ends the writing: the promise rejects with the signal's reason, and the old file is what it was. */
  readonly signal?: AbortSignal;
  /** Looks at the new file, under its temporary path, before it takes the old one's place; what it throws is thrown. */
  readonly check?: (temporary: string) => Promise<void>;
}

/**
 * Puts a file with these bytes at a path, in one step. A link is followed: the file that it leads to is replaced.
 *
 * @throws Error with the path when it cannot be written; then nothing is left behind.
 */
export async function writeAtomically(
  fs: NodeFs,
  path: string,
  pieces: readonly Uint8Array[],
  { signal, check }: WriteOptions = {},
): Promise<void> {
  const unwritable = (cause: unknown): never => {
    signal?.throwIfAborted();
    throw new Error(message(WHERE, `path ${show(path)}`, 'a file that can be written', reasonOf(cause)), {
      cause,
    });
  };
  const target = await fs.realpath(path).catch(() => path);
  const old = await fs.stat(target).catch(() => undefined);
  if (old && !old.isFile())
    throw new Error(message(WHERE, `path ${show(path)}`, 'a file, or nothing yet', kindOfNoFile(old)));
  const temporary = `${target}.${processId()}-${written++}.tmp`;
  // 'wx': a file of that name is another's.
  const file = await fs.open(temporary, 'wx').catch((cause: unknown) => {
    if ((cause as { code?: unknown }).code !== 'ENOENT') return unwritable(cause);
    const rule = `a folder ${show(folderOf(target))}`;
    throw new Error(message(WHERE, `path ${show(path)}`, rule, 'none', 'Make it first'), { cause });
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
  /** Permissions that the file gets before its bytes. */
  readonly mode?: number;
}

async function writeAll(
  file: NodeFile,
  pieces: readonly Uint8Array[],
  { signal, mode }: WriteAllOptions,
): Promise<void> {
  // Who may not read the old file may not read the new one.
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
  // Else a crash of the machine could find the name of the new file with none of its bytes.
  await file.sync();
}

/** Makes the renaming last. The file is in place already, and Windows opens no folders: so no failure counts. */
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
