import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { folderOf, type NodeFile, type NodeFs, nodeFs } from '../sources/disk/node-fs.js';
import type { StateDict } from '../tensors/tensor.js';
import { type SafetensorsMetadata, safetensorsPieces } from './safetensors.js';
import { findTarget, unwritable, type WriteTarget } from './target.js';

const WHERE = 'saveSafetensors';

/** The bits of a file's mode for who may read, write and run it. */
const PERMISSIONS = 0o777;

/** Bytes of one write. Between two writes the signal is checked. Linux writes at most 2 GiB in one call. */
const CHUNK_BYTES = 1 << 26;

/**
 * Writes a safetensors file in Node: the bytes of `writeSafetensors`, without a copy of them in memory.
 *
 * The write is atomic: the bytes go to a temporary file in the same folder, are flushed to the disk, and replace the old file in one
 * step. Until then, and after any failure, the old file is unchanged. A link is followed: the file that it leads to is replaced or
 * made. A killed process leaves the temporary file `tfjs-torch-rnn-<random>.tmp` behind, which is in nobody's way.
 *
 * @param metadata  as in `writeSafetensors`; torch's loaders look for `{ format: 'pt' }`.
 * @throws TypeError or RangeError for a wrong argument or a name of another format (`.pt`), before any file is touched.
 * @throws Error when the file cannot be written or is read-only, or the path is not a file.
 * @throws UnsupportedError outside Node and on a big-endian machine.
 */
export async function saveSafetensors(
  path: string,
  stateDict: StateDict,
  metadata?: SafetensorsMetadata,
): Promise<void> {
  if (typeof path !== 'string') throw new TypeError(message(WHERE, 'path', 'a path', show(path)));
  if (path === '') throw new RangeError(message(WHERE, 'path', 'a path', '""'));
  checkEnding(path);
  const pieces = safetensorsPieces(stateDict, metadata);
  const fs = nodeFs();
  if (fs === undefined) {
    const remedy = 'Take the bytes of writeSafetensors(stateDict), and offer them as a download';
    throw new UnsupportedError(message(WHERE, 'path', 'a file system, as Node has', 'none', remedy));
  }
  await writeAtomically(WHERE, fs, path, pieces);
}

/** Endings of files that other programs read by their name. */
const FOREIGN_ENDING = /\.(pt|pth|ckpt|pkl|npz|npy|h5|keras|onnx|json)$/i;

function checkEnding(path: string): void {
  const [ending] = FOREIGN_ENDING.exec(path) ?? [];
  if (ending === undefined) return;
  const remedy = 'A safetensors file is none: torch reads it with safetensors.torch.load_file';
  throw new RangeError(
    message(WHERE, `path ${show(path)}`, 'a name that ends in .safetensors', ending, remedy),
  );
}

export interface WriteOptions {
  /** Ends the writing: the promise rejects with the signal's reason, and the old file is unchanged. */
  readonly signal?: AbortSignal;
  /** Checks the new file under its temporary path before it replaces the old one; its error is thrown. */
  readonly check?: (temporary: string) => Promise<void>;
  /** Refuses a path where a file is, or comes to be while this one is written. */
  readonly mustBeNew?: boolean;
}

/**
 * Writes a file with these bytes to a path atomically, as {@link findTarget} finds it.
 *
 * @throws Error with the path when it cannot be written; no temporary file is left then.
 */
export async function writeAtomically(
  where: string,
  fs: NodeFs,
  path: string,
  pieces: readonly Uint8Array[],
  { signal, check, mustBeNew = false }: WriteOptions = {},
): Promise<void> {
  const failed = (cause: unknown): never => {
    signal?.throwIfAborted();
    throw unwritable(where, path, cause);
  };
  const target = await findTarget(where, fs, path);
  // Its own name, not one made of the target's, which may be as long as names can be. A process id may come again.
  const temporary = `${folderOf(target.path)}tfjs-torch-rnn-${crypto.randomUUID()}.tmp`;
  const file = await fs.open(temporary, 'wx').catch(failed);
  try {
    await writeAll(file, pieces, { signal, old: target.old })
      .finally(() => file.close())
      .catch(failed);
    await check?.(temporary);
    signal?.throwIfAborted();
    const move = mustBeNew ? moveToFree : fs.rename;
    await move.call(fs, temporary, target.path).catch(failed);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(fs, folderOf(target.path) || '.');
}

/** Moves a file to a path where none is; a renaming would replace one that has come meanwhile. */
async function moveToFree(this: NodeFs, temporary: string, target: string): Promise<void> {
  const refusal = await this.link(temporary, target).then(
    () => undefined,
    (cause: unknown) => cause as { readonly code?: unknown },
  );
  if (refusal === undefined) return this.unlink(temporary).catch(() => {});
  if (refusal.code === 'EEXIST') throw refusal;
  // Some file systems, such as FAT, have no links to files.
  await (await this.open(target, 'wx')).close();
  await this.rename(temporary, target).catch(async (cause: unknown) => {
    await this.unlink(target).catch(() => {});
    throw cause;
  });
}

interface WriteAllOptions {
  readonly signal?: AbortSignal | undefined;
  /** The file that is replaced, whose owner and permissions the new one gets before its bytes. */
  readonly old?: WriteTarget['old'];
}

async function writeAll(
  file: NodeFile,
  pieces: readonly Uint8Array[],
  { signal, old }: WriteAllOptions,
): Promise<void> {
  // The new file must not be readable by more people than the old one, or by fewer.
  if (old !== undefined) {
    await keepOwner(file, old);
    await file.chmod(old.mode & PERMISSIONS);
  }
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

/** Gives a new file the owner and group of the old one, as far as the process may: root both, others a group of theirs. */
async function keepOwner(file: NodeFile, { uid, gid }: NonNullable<WriteTarget['old']>): Promise<void> {
  const own = await file.stat();
  if (own.uid === uid && own.gid === gid) return;
  await file.chown(uid, gid).catch(() => file.chown(-1, gid).catch(() => {}));
}

/** Flushes the renaming. Failures are ignored: the file is in place already, and Windows opens no folders. */
async function syncFolder(fs: NodeFs, folder: string): Promise<void> {
  const handle = await fs.open(folder, fs.constants.O_RDONLY).catch(() => undefined);
  await handle
    ?.sync()
    .catch(() => {})
    .finally(() => handle.close());
}
