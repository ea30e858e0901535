import type { StateDict } from '../../state-dict/types.js';

/**
 * JSON text of a state_dict in pieces: `{name: {dtype, shape, data}}`, data the base64 of the little-endian bytes, which
 * keeps every bit of every dtype. Members are joined as text: an object would lose the key `__proto__`.
 */
export function jsonPieces(stateDict: StateDict): Uint8Array[] {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let separator = '{\n';
  for (const [name, { dtype, shape, data }] of stateDict) {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    const tensor = JSON.stringify({ dtype, shape, data: base64 });
    pieces.push(encoder.encode(`${separator}${JSON.stringify(name)}: ${tensor}`));
    separator = ',\n';
  }
  pieces.push(encoder.encode(stateDict.size === 0 ? '{}\n' : '\n}\n'));
  return pieces;
}
