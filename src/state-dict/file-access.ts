import { message } from '../check.js';
import type { Transfer } from './collect.js';
import { isAbsolute, type NodeFile, type NodeFs, workingDirectory } from './node-fs.js';
import { type RandomAccess, rangedAccess } from './random-access.js';
import type { ByteRange } from './reading.js';

/** Bytes read from a file at a time: between two reads progress is told and the signal looked at. */
const FILE_CHUNK_BYTES = 1 << 24;

/** A regular file that is open: the same one from the first read to the last, whatever its path comes to name. */
export interface OpenFile {
  readonly handle: NodeFile;
  readonly size: number;
  /** When it was last written to, in milliseconds. */
  readonly modified: number;
}

/** Opens a regular file. The caller closes the handle. */
export async function openFile(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<OpenFile> {
  // Without O_NONBLOCK (which Windows lacks) opening a pipe waits for its writer, out of reach of any signal.
  const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);
  const handle = await fs.open(path, flags).catch((cause: unknown) => {
    throw notOpened(path, transfer, cause);
  });
  try {
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, size: stat.size, modified: stat.mtimeMs };
    const [got, remedy] = stat.isDirectory()
      ? [
          'a directory',
          'Name the file in it; a model in several files needs its model.safetensors.index.json',
        ]
      : ['a device or pipe', undefined];
    throw new RangeError(message(transfer.where, transfer.source, 'a file', got, remedy));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The parts of a file, by one handle that `close` frees. */
export async function fileAccess(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<RandomAccess> {
  const file = await openFile(fs, path, transfer);
  return rangedAccess(file.size, transfer, (range, part) => readPart(file, range, part), {
    close: () => file.handle.close(),
  });
}

/**
 * Bytes `[begin, end)` of a file, in one buffer.
 *
 * @throws RangeError where it ends before, Error where it was written to since it was opened.
 */
export async function readPart(
  { handle, modified }: OpenFile,
  { begin, end }: ByteRange,
  { where, source, signal, onProgress }: Transfer,
): Promise<Uint8Array> {
  const total = end - begin;
  const buffer = new Uint8Array(total);
  let loaded = 0;
  while (loaded < total) {
    signal?.throwIfAborted();
    const length = Math.min(FILE_CHUNK_BYTES, total - loaded);
    const { bytesRead } = await handle.read(buffer, loaded, length, begin + loaded);
    if (bytesRead === 0)
      throw new RangeError(message(where, source, `the ${end} bytes of its size`, `${begin + loaded}`));
    loaded += bytesRead;
    onProgress?.({ loaded, total });
  }
  if ((await handle.stat()).mtimeMs === modified) return buffer;
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
