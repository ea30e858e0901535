import { expect } from 'chai';
import { FormatError, UnsupportedError } from '../../src/errors.js';
import { type ParseOptions, parseSource, parseStateDict } from '../../src/state-dict/parse.js';
import { errorOf, fixture, utf8 } from './support.js';

describe('parseStateDict', () => {
  it('reads safetensors and JSON by their bytes', () => {
    expect(parseStateDict(fixture('vectors/01_ok')).get('a')!.shape).to.deep.equal([2, 2]);
    expect(parseStateDict(utf8('{"a":[[1],[2]]}')).get('a')!.shape).to.deep.equal([2, 1]);
    expect(parseStateDict(utf8('{"a":[[1],[2]]}').buffer).get('a')!.shape).to.deep.equal([2, 1]);
  });

  it('reads the format it is told, without a look at the bytes', () => {
    const json = errorOf(() => parseStateDict(fixture('vectors/25_empty_header_json'), { format: 'json' }));
    expect(json).to.be.instanceOf(FormatError).with.property('code', 'INVALID_JSON');
    const safetensors = errorOf(() => parseStateDict(utf8('{"a":1}'), { format: 'safetensors' }));
    expect(safetensors).to.be.instanceOf(FormatError).with.property('code', 'HEADER_TOO_SMALL');
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
        `parseStateDict: format: expected "safetensors" or "json", got ${JSON.stringify(format)}`,
      );
    }
  });

  it('hands the limits to both readers', () => {
    const limits = { maxTensors: 1 };
    const two = fixture('vectors/51_unordered_keys_ok');
    expect(errorOf(() => parseStateDict(two, { limits })).code).to.equal('TOO_MANY_TENSORS');
    expect(errorOf(() => parseStateDict(utf8('{"a":1,"b":2}'), { limits })).code).to.equal(
      'TOO_MANY_TENSORS',
    );
  });

  it('refuses options that it does not know, and what is no object of options', () => {
    const fault = (options: unknown) => errorOf(() => parseStateDict(utf8('{}'), options as ParseOptions));
    expect(fault({ onProgress: () => {} }).message).to.equal(
      'parseStateDict: onProgress: expected one of format, limits, got unknown option "onProgress"',
    );
    expect(fault(null).message).to.equal('parseStateDict: options: expected an object, got null');
  });
});

describe('parseSource', () => {
  const fault = (bytes: Uint8Array) => errorOf(() => parseSource('spec', 'path "m"', bytes, {}));

  it('reads as parseStateDict does', () => {
    expect([...parseSource('spec', 'path "m"', utf8('{"a":1}'), {}).keys()]).to.deep.equal(['a']);
  });

  it('names the source of a malformed file, and keeps the code', () => {
    const file = fixture('vectors/01_ok');
    const cut = fault(file.subarray(0, -1));
    expect(cut).to.be.instanceOf(FormatError).with.property('code', 'INCOMPLETE_BUFFER');
    expect(cut.message).to.match(
      /^spec: path "m": safetensors: file: expected \d+ bytes .* It is cut short$/,
    );
    const json = fault(utf8('{"a":[1,]}'));
    expect(json).to.be.instanceOf(FormatError).with.property('code', 'INVALID_JSON');
    expect(json.message).to.equal('spec: path "m": json: byte 8: expected a JSON value, got \']\'');
  });

  it('names the source of a file in a format that is not read', () => {
    const error = fault(utf8('PK\x03\x04 and so on'));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.match(
      /^spec: path "m": expected a safetensors file or JSON text, got a zip archive/,
    );
    expect(fault(new Uint8Array(0)).message).to.equal(
      'spec: path "m": expected a safetensors file or JSON text, got 0 bytes',
    );
  });
});
