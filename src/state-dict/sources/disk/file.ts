import { message } from '../../../check.js';
import type { ByteRange } from '../../reading/reading.js';
import { type RandomAccess, rangedAccess } from '../ranges.js';
import type { Transfer } from '../stream.js';
import { folderRemedy } from './folder.js';
import { isAbsolute, kindOfNoFile, type NodeFile, type NodeFs, workingDirectory } from './node-fs.js';

/** Bytes of one read. Between two reads progress is reported and the signal checked. */
const CHUNK_BYTES = 1 << 22;

/**
 * Reads at a time. Reading a large file mostly takes the time of touching new memory, which several threads do faster than one;
 * Node has four threads for files.
 */
const READS_AT_A_TIME = 4;

/** An open regular file. Its handle stays on this file, even when its path names another one later. */
export interface FileHandle {
  readonly handle: NodeFile;
  readonly size: number;
  /** When it was last written to, in milliseconds. */
  readonly modified: number;
}

/** Opens a regular file. The caller closes the handle. */
export async function openHandle(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<FileHandle> {
  // Without O_NONBLOCK (which Windows lacks) opening a pipe waits for its writer, and no signal can end that.
  const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);
  const handle = await fs.open(path, flags).catch((cause: unknown) => {
    throw notOpened(path, transfer, cause);
  });
  try {
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, size: stat.size, modified: stat.mtimeMs };
    const remedy = stat.isDirectory() ? await folderRemedy(fs, path) : undefined;
    throw new RangeError(message(transfer.where, transfer.source, 'a file', kindOfNoFile(stat), remedy));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The parts of a file, by one handle that `close` frees. */
export async function fileAccess(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<RandomAccess> {
  const file = await openHandle(fs, path, transfer);
  return rangedAccess(file.size, transfer, (range, part) => readFileRange(file, range, part), {
    close: () => file.handle.close(),
  });
}

/**
 * Bytes `[begin, end)` of a file, in one buffer.
 *
 * @throws RangeError where it ends before, Error where it was written to since it was opened.
 */
export async function readFileRange(
  { handle, size, modified }: FileHandle,
  { begin, end }: ByteRange,
  { where, source, signal, onProgress }: Transfer,
): Promise<Uint8Array> {
  const total = end - begin;
  const buffer = new Uint8Array(total);
  let next = 0;
  let loaded = 0;
  const readChunks = async (): Promise<void> => {
    while (next < total) {
      const chunkEnd = Math.min(next + CHUNK_BYTES, total);
      let at = next;
      next = chunkEnd;
      while (at < chunkEnd) {
        signal?.throwIfAborted();
        const { bytesRead } = await handle.read(buffer, at, chunkEnd - at, begin + at);
        if (bytesRead === 0)
          throw new RangeError(message(where, source, `the ${end} bytes of its size`, `${begin + at}`));
        // A read that ends after the signal reports no progress.
        signal?.throwIfAborted();
        at += bytesRead;
        loaded += bytesRead;
        onProgress?.({ loaded, total });
      }
    }
  };
  const readers = Array.from(
    { length: Math.min(READS_AT_A_TIME, Math.ceil(total / CHUNK_BYTES)) },
    readChunks,
  );
  // No read may be under way when the caller closes the file.
  const failed = (await Promise.allSettled(readers)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  // Also of a file that was read at once: the system copies page by page, and a writer may come between two.
  const now = await handle.stat();
  if (now.mtimeMs === modified && now.size === size) return buffer;
  const remedy = 'Read it again when it is complete';
  throw new Error(message(where, source, 'the file as it was opened', 'one that is being written', remedy));
}

function notOpened(path: string | URL, { where, source }: Transfer, cause: unknown): Error {
  const code = (cause as { code?: unknown }).code;
  const got = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory' : String(cause);
  const isRelative = typeof path === 'string' && !isAbsolute(path);
  const remedy = isRelative ? `Relative paths start at ${workingDirectory()}` : undefined;
  return new Error(message(where, source, 'a readable file', got, remedy), { cause });
}
