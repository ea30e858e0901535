import { expect } from 'chai';
import { jsonPieces } from '../../../src/cli/convert/json-file.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { expectSameBits, fixture, parseJson, parseSafetensors } from '../../state-dict/support.js';

function bytesOf(stateDict: StateDict, chunkBytes?: number): Uint8Array {
  return new Uint8Array(Buffer.concat(jsonPieces(stateDict, chunkBytes)));
}

describe('jsonPieces', () => {
  it('keeps every bit of every dtype', () => {
    const stateDict = parseSafetensors(fixture('reference/every_dtype.safetensors'));
    expectSameBits(parseJson(bytesOf(stateDict)), stateDict);
  });

  it('is the same whatever the pieces of base64, which no string could hold as one', () => {
    const stateDict = parseSafetensors(fixture('reference/every_dtype.safetensors'));
    for (const chunkBytes of [3, 6, 300])
      expect(bytesOf(stateDict, chunkBytes)).to.deep.equal(bytesOf(stateDict));
  });

  it('keeps names that objects have a meaning for', () => {
    const tensor = { dtype: 'U8', shape: [2], data: Uint8Array.of(1, 2) } as const;
    const stateDict: StateDict = new Map([
      ['__proto__', tensor],
      ['weight_map', tensor],
      ['layers', tensor],
      ['2', tensor],
      ['1', tensor],
    ]);
    expectSameBits(parseJson(bytesOf(stateDict)), stateDict);
  });

  it('is JSON text for no tensors too', () => {
    expect(JSON.parse(Buffer.from(bytesOf(new Map())).toString())).to.deep.equal({});
  });
});
