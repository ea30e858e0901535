import { expect } from 'chai';
import { FormatError } from '../../src/errors.js';
import type { ParseOptions } from '../../src/state-dict/options.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import { errorOf, fixture, utf8 } from './support.js';

describe('parseStateDict', () => {
  it('reads safetensors and JSON by their bytes', () => {
    expect(parseStateDict(fixture('vectors/01_ok')).get('a')!.shape).to.deep.equal([2, 2]);
    expect(parseStateDict(utf8('{"a":[[1],[2]]}')).get('a')!.shape).to.deep.equal([2, 1]);
    expect(parseStateDict(utf8('{"a":[[1],[2]]}').buffer).get('a')!.shape).to.deep.equal([2, 1]);
  });

  it('reads bytes as the given format, whatever they look like', () => {
    const json = errorOf(() => parseStateDict(fixture('vectors/25_empty_header_json'), { format: 'json' }));
    expect(json).to.be.instanceOf(FormatError).with.property('code', 'INVALID_SYNTAX');
    expect(json.message).to.match(/^json: byte 0: expected a JSON value/);
    const safetensors = errorOf(() => parseStateDict(utf8('{"a":1}'), { format: 'safetensors' }));
    expect(safetensors).to.be.instanceOf(FormatError).with.property('code', 'TRUNCATED');
    expect(safetensors.message).to.match(/^safetensors: header: expected 8 bytes of length/);
  });

  it('refuses a string, which may be text or a path, and says what to do with either', () => {
    const error = errorOf(() => parseStateDict('{}' as unknown as Uint8Array));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      'parseStateDict: bytes: expected a Uint8Array or ArrayBuffer, got "{}". ' +
        'Pass new TextEncoder().encode(text) of JSON text; readStateDict(path) reads a file',
    );
    const other = errorOf(() => parseStateDict([] as unknown as Uint8Array));
    expect(other.message).to.equal('parseStateDict: bytes: expected a Uint8Array or ArrayBuffer, got []');
  });

  it('refuses a format it does not know', () => {
    for (const format of ['pt', 'toString', '']) {
      const error = errorOf(() => parseStateDict(utf8('{}'), { format } as unknown as ParseOptions));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal(
        `parseStateDict: format: expected "safetensors" or "torch" or "program" or "pickle" or "npz" or "npy" or "json", got ${JSON.stringify(format)}`,
      );
    }
  });

  it('hands the limits to both readers', () => {
    const limits = { maxTensors: 1 };
    const two = fixture('vectors/51_unordered_keys_ok');
    expect(errorOf(() => parseStateDict(two, { limits })).message).to.match(/at most 1 tensors, got more/);
    expect(errorOf(() => parseStateDict(utf8('{"a":1,"b":2}'), { limits })).message).to.match(
      /at most 1 tensors, got more/,
    );
  });

  it('refuses unknown options, and options that are not an object', () => {
    const fault = (options: unknown) => errorOf(() => parseStateDict(utf8('{}'), options as ParseOptions));
    expect(fault({ onProgress: () => {} }).message).to.equal(
      'parseStateDict: onProgress: expected one of format, limits, path, select, onReport, got unknown option "onProgress"',
    );
    expect(fault(null).message).to.equal('parseStateDict: options: expected an object, got null');
  });
});
