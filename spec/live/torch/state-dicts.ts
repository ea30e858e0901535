/** Compares a state dict that was read with the expected one. */

import type { StateDict, TorchData, TorchTensor } from '../../../src/state-dict/index.js';

/** Names, dtypes, shapes, kinds of arrays and bytes agree; the order of the names is free. */
export function expectSame(actual: StateDict, expected: StateDict): void {
  const [got, wanted] = [actual, expected].map((stateDict) => [...stateDict.keys()].sort().join());
  if (got !== wanted) throw new Error(`names: expected ${wanted}, got ${got}`);
  for (const [name, { dtype, shape, data }] of expected) {
    const other = actual.get(name) as TorchTensor;
    const [a, b] = [`${other.dtype} [${other.shape}]`, `${dtype} [${shape}]`];
    if (a !== b) throw new Error(`${name}: expected ${b}, got ${a}`);
    if (other.data.constructor !== data.constructor)
      throw new Error(`${name}: a ${other.data.constructor.name}`);
    const bytes = bytesOf(data);
    const at = bytesOf(other.data).findIndex((byte, i) => byte !== bytes[i]);
    if (at >= 0 || other.data.byteLength !== data.byteLength) throw new Error(`${name}: byte ${at} differs`);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: TorchData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
