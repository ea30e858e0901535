import type { StateDict } from '../../state-dict/tensors/tensor.js';

/** Bytes that are encoded at once: a multiple of 3, so that pieces of base64 join; a string holds at most 2^29 characters. */
const CHUNK_BYTES = 3 << 24;

/**
 * JSON text of a state_dict in pieces: `{name: {dtype, shape, data}}`, data the base64 of the little-endian bytes, which
 * keeps every bit of every dtype. Members are joined as text: an object would lose the key `__proto__`.
 */
export function jsonPieces(stateDict: StateDict, chunkBytes = CHUNK_BYTES): Uint8Array[] {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let separator = '{\n';
  for (const [name, { dtype, shape, data }] of stateDict) {
    const start = JSON.stringify({ dtype, shape, data: '' }).slice(0, -'"}'.length);
    pieces.push(encoder.encode(`${separator}${JSON.stringify(name)}: ${start}`));
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (let begin = 0; begin < bytes.length; begin += chunkBytes)
      pieces.push(Buffer.from(bytes.subarray(begin, begin + chunkBytes).toString('base64'), 'latin1'));
    separator = '"},\n';
  }
  pieces.push(encoder.encode(stateDict.size === 0 ? '{}\n' : '"}\n}\n'));
  return pieces;
}
