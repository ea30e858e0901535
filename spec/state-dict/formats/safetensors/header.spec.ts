import { expect } from 'chai';
import * as header from '../../../../src/state-dict/formats/safetensors/header.js';
import { runSync } from '../../../../src/state-dict/reading/drive.js';
import { errorOf, openedFile, safetensorsFile } from '../../support.js';

function readHeader(file: Uint8Array, limits: object = {}): header.SafetensorsHeader {
  return runSync(header.readHeader(openedFile(file.length, limits)), file);
}

const EMPTY = '"dtype":"U8","shape":[0],"data_offsets":[0,0]';

describe('readHeader', () => {
  it('returns entries in the order of the text, metadata, and where the data begins', () => {
    const text = `{"__metadata__":{"k":"v"},"b":{${EMPTY}},"a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}}  `;
    const header = readHeader(safetensorsFile(text));
    expect(header.entries).to.deep.equal([
      { name: 'b', dtype: 'U8', shape: [0], begin: 0, end: 0 },
      { name: 'a', dtype: 'F32', shape: [], begin: 0, end: 4 },
    ]);
    expect(header.metadata).to.deep.equal(new Map([['k', 'v']]));
    expect(header.dataStart).to.equal(8 + text.length);
  });

  it('refuses a header longer than maxHeaderBytes, and takes one of just that length', () => {
    const file = safetensorsFile('{}'.padEnd(100));
    expect(readHeader(file, { maxHeaderBytes: 100 }).entries).to.deep.equal([]);
    const error = errorOf(() => readHeader(file, { maxHeaderBytes: 99 }));
    expect(error.message).to.equal(
      'safetensors: header: expected at most 99 bytes (limits.maxHeaderBytes), got length 100',
    );
    expect(error.code).to.equal('TOO_LARGE');
  });

  it('refuses more tensors than maxTensors, and takes just as many', () => {
    const file = safetensorsFile(`{"a":{${EMPTY}},"b":{${EMPTY}},"c":{${EMPTY}}}`);
    expect(readHeader(file, { maxTensors: 3 }).entries).to.have.length(3);
    const error = errorOf(() => readHeader(file, { maxTensors: 2 }));
    expect(error.message).to.equal(
      'safetensors: header: expected at most 2 tensors, got more. Raise limits.maxTensors to read it',
    );
    expect(error.code).to.equal('TOO_LARGE');
  });

  it('limits the fields of all tensors and the metadata together', () => {
    const limits = { maxTensors: 4 };
    const more = Array.from({ length: 7000 }, (_, i) => `"${i}":""`).join(',');
    for (const text of [`{"a":{${EMPTY},${more}}}`, `{"__metadata__":{${more}}}`]) {
      expect(readHeader(safetensorsFile(text)).dataStart).to.equal(8 + text.length);
      const error = errorOf(() => readHeader(safetensorsFile(text), limits));
      expect(error.code).to.equal('TOO_LARGE');
      expect(error.message).to.match(
        /at most 65792 steps for its values and names \(limits\.maxTensors\), got more/,
      );
    }
  });

  it('refuses a length of 2^64 - 1 without wrapping around', () => {
    const error = errorOf(() => readHeader(safetensorsFile('{}', [], 2n ** 64n - 1n)));
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.match(/\(limits\.maxHeaderBytes\), got length 18446744073709551615$/);
  });

  it('takes the largest unsigned 64-bit integer as one, and 2^64 as none', () => {
    const shape = (size: bigint) =>
      safetensorsFile(`{"a":{"dtype":"U8","shape":[${size}],"data_offsets":[0,0]}}`);
    expect(readHeader(shape(2n ** 64n - 1n)).entries[0].shape[0]).to.be.above(Number.MAX_SAFE_INTEGER);
    expect(errorOf(() => readHeader(shape(2n ** 64n))).message).to.equal(
      'safetensors: tensor "a" shape: expected unsigned 64-bit integers, got 18446744073709551616',
    );
  });

  it('takes 64 dimensions, and ends a longer shape where it passes them', () => {
    const shape = (rank: number, rest = '') =>
      safetensorsFile(
        `{"a":{"dtype":"U8","data_offsets":[0,1],"shape":[${new Array(rank).fill(1)}${rest}]}}`,
      );
    expect(readHeader(shape(64)).entries[0].shape).to.have.length(64);
    const error = errorOf(() => readHeader(shape(65, ',no JSON')));
    expect(error.message).to.equal('safetensors: tensor "a" shape: expected at most 64 entries, got more');
    expect(error.code).to.equal('TOO_LARGE');
  });

  it('skips unknown fields of any kind, but not their faults', () => {
    const withField = (field: string) => safetensorsFile(`{"a":{${EMPTY},"x":${field}}}`);
    expect(readHeader(withField('[1.5,{"y":[null,true,"z"]}]')).entries).to.have.length(1);
    expect(errorOf(() => readHeader(withField('[1.5,]'))).message).to.match(
      /expected a JSON value, got '\]'$/,
    );
  });
});
