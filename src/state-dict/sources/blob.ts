import { message } from '../../check.js';
import type { ByteRange } from '../reading/reading.js';
import { asBytes } from '../tensors/bytes.js';
import { type RandomAccess, rangedAccess } from './ranges.js';
import { reasonOf, type Transfer } from './stream.js';

/** The parts of a Blob or File. */
export function blobAccess(blob: Blob, transfer: Transfer): RandomAccess {
  return rangedAccess(blob.size, transfer, (range, part) => readBlobRange(blob, range, part));
}

async function readBlobRange(blob: Blob, { begin, end }: ByteRange, transfer: Transfer): Promise<Uint8Array> {
  const { where, source, signal, onProgress } = transfer;
  const buffer = await blob
    .slice(begin, end)
    .arrayBuffer()
    .catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new Error(message(where, source, 'a readable Blob', reasonOf(cause)), { cause });
    });
  const bytes = asBytes(where, buffer, `${source} body`);
  if (bytes.length !== end - begin) {
    const rule = `${end - begin} bytes from byte ${begin} on`;
    throw new RangeError(message(where, source, rule, `${bytes.length}`));
  }
  onProgress?.({ loaded: bytes.length });
  return bytes;
}
