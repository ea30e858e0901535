/** Inflates the first bytes of an entry, whose header is compressed with the rest. Neither function throws: see `isHead`. */

import { concatenated, ownBytes } from '../tensors/bytes.js';
import type { NodeZlib } from './node-zlib.js';
import { pause } from './pause.js';
import type { InflateRequest } from './reading.js';

/** Largest ratio of deflate: at least two bits for each match of at most 258 bytes. */
export const MAX_INFLATION = 1032;

/** By zlib, which then gives back what there is at the end of its input; the length of that limits it. */
export function zlibHead({ bytes, maxBytes }: InflateRequest, zlib: NodeZlib): Uint8Array {
  const maxOutputLength = MAX_INFLATION * (bytes.length + 1);
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  try {
    const { buffer } = zlib.inflateRawSync(bytes, { info: true, maxOutputLength, finishFlush });
    return ownBytes(buffer.subarray(0, maxBytes));
  } catch {
    return new Uint8Array(0);
  }
}

/** By a stream. Its input is not closed: at the end of input that is cut short a stream discards its output. */
export async function streamHead(
  { bytes, maxBytes }: InflateRequest,
  { readable, writable }: DecompressionStream,
): Promise<Uint8Array> {
  const input = writable.getWriter();
  const output = readable.getReader();
  const fed = input
    .write(bytes.slice())
    .then(pause)
    .then(() => input.abort())
    .catch(() => {});
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < maxBytes) {
      const { done, value } = await output.read();
      if (done) break;
      pieces.push(value);
      length += value.length;
    }
  } catch {
    // Damaged, or all of the input was inflated.
  }
  await output.cancel().catch(() => {});
  await fed;
  return concatenated(pieces).slice(0, maxBytes);
}
