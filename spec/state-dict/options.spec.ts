import { expect } from 'chai';
import { checkParseOptions, checkReadOptions, type ReadOptions } from '../../src/state-dict/options.js';
import { errorOf } from './support.js';

function check(options: object): void {
  checkReadOptions('spec', options as ReadOptions);
}

function errorFor(options: object): Error {
  return errorOf(() => check(options));
}

describe('checkReadOptions', () => {
  it('takes every option, and undefined for each', () => {
    const options: Required<ReadOptions> = {
      format: 'json',
      limits: {},
      path: ['a', ''],
      select: ['', 'a.b'],
      onReport: () => {},
      signal: new AbortController().signal,
      onProgress: () => {},
      sha256: '0123456789abcdefABCDEF'.padEnd(64, '0'),
      headers: { Authorization: 'Bearer x' },
      fetch: async () => new Response(),
    };
    check(options);
    check(Object.fromEntries(Object.keys(options).map((name) => [name, undefined])));
    check({ path: [] });
  });

  it('refuses an unknown option, and those of a source where bytes are given', () => {
    expect(errorFor({ selects: [] }).message).to.match(
      /^spec: selects: expected one of format, .*sha256, headers, fetch, got unknown/,
    );
    const sourceOption = { sha256: '0' } as object;
    expect(errorOf(() => checkParseOptions('spec', sourceOption)).message).to.equal(
      'spec: sha256: expected one of format, limits, path, select, onReport, got unknown option "sha256"',
    );
  });

  const cases: [object, ErrorConstructor, string][] = [
    [{ path: 'model' }, TypeError, 'path: expected a list of keys, such as [\'model\'], got "model"'],
    [{ path: [1] }, TypeError, "path: expected a list of keys, such as ['model'], got [1]"],
    [{ path: null }, TypeError, "path: expected a list of keys, such as ['model'], got null"],
    [{ select: 'gru' }, TypeError, 'select: expected a list of module paths, got "gru"'],
    [{ select: [1] }, TypeError, 'select: expected a module path, got 1'],
    [
      { select: ['a.'] },
      RangeError,
      'select: expected a module path without a dot at its end, such as "encoder.gru", got "a."',
    ],
    [{ select: [] }, RangeError, 'select: expected a module path or more, got []. Leave it out to read all'],
    [{ onReport: 1 }, TypeError, 'onReport: expected a function, got 1'],
    [{ onProgress: 1 }, TypeError, 'onProgress: expected a function, got 1'],
    [{ signal: 1 }, TypeError, 'signal: expected an AbortSignal, got 1'],
    [{ sha256: 'abc' }, RangeError, 'sha256: expected 64 hexadecimal digits, got "abc"'],
    [
      { sha256: `g${'0'.repeat(63)}` },
      RangeError,
      `sha256: expected 64 hexadecimal digits, got "g${'0'.repeat(63)}"`,
    ],
    [{ sha256: null }, TypeError, 'sha256: expected 64 hexadecimal digits, got null'],
    [
      { format: 'pt' },
      RangeError,
      'format: expected "safetensors" or "torch" or "program" or "pickle" or "npz" or "npy" or "json", got "pt"',
    ],
  ];
  for (const [options, type, text] of cases) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const error = errorFor(options);
      expect(error).to.be.instanceOf(type);
      expect(error.message).to.equal(`spec: ${text}`);
    });
  }
});
