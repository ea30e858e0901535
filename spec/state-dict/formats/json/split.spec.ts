import { expect } from 'chai';
import { errorOf, parseJson, utf8 } from '../../support.js';

function faultOf(text: string): [code: string | undefined, message: string] {
  const error = errorOf(() => parseJson(utf8(text)));
  return [error.code, error.message];
}

describe('{params, meta}', () => {
  it('gives each list the shape and dtype that meta has for it', () => {
    const text =
      '{"params":{"fc.weight":[1,2,3,4],"n":[7],"b":"AAE="},"meta":{"n":{"shape":[],"dtype":"torch.int64"},' +
      '"fc.weight":{"shape":[2,2],"requires_grad":true},"b":{"shape":[2],"dtype":"U8"}}}';
    expect([...parseJson(utf8(text))]).to.deep.equal([
      ['fc.weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
      ['b', { dtype: 'U8', shape: [2], data: Uint8Array.of(0, 1) }],
    ]);
  });

  it('holds the lists to it', () => {
    expect(faultOf('{"params":{"w":[1,2]},"meta":{"w":{"shape":[3]}}}')).to.deep.equal([
      'SIZE_MISMATCH',
      'json: tensor "w": expected 3 numbers for shape [3], got 2',
    ]);
    expect(faultOf('{"params":{"w":[1,2]},"meta":{"w":{"dtype":"F32"}}}')).to.deep.equal([
      'INVALID_TENSOR',
      'json: tensor "w": expected a shape of integers >= 0, got none',
    ]);
  });

  it('is a dict of tensors where meta does not describe them all', () => {
    for (const text of ['{"params":{"w":[1]},"meta":{"date":"x"}}', '{"params":{"w":[1]}}'])
      expect([...parseJson(utf8(text)).keys()], text).to.deep.equal(['w']);
  });
});

describe('{specs, weights}', () => {
  const bytes = Buffer.concat([
    Uint8Array.of(5),
    new Uint8Array(Float32Array.of(1.5, -2).buffer),
    new Uint8Array(BigInt64Array.of(-1n).buffer),
  ]);
  const weights = bytes.toString('base64');
  const specs =
    '[{"name":"u","shape":[1],"dtype":"uint8"},{"name":"w","shape":[2]},{"dtype":"int64","shape":[],"name":"n"}]';

  it('takes the bytes of one tensor after the other', () => {
    expect([...parseJson(utf8(`{"weights":"${weights}","specs":${specs}}`))]).to.deep.equal([
      ['u', { dtype: 'U8', shape: [1], data: Uint8Array.of(5) }],
      ['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2) }],
      ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(-1n) }],
    ]);
  });

  const refusals: [string, string, string, string][] = [
    [
      'bytes too few',
      `{"specs":${specs},"weights":"AAAA"}`,
      'SIZE_MISMATCH',
      'weights: expected 17 bytes for its specs, got 3',
    ],
    [
      'text that is no base64',
      `{"specs":${specs},"weights":"AA A"}`,
      'INVALID_BASE64',
      'weights: expected base64 (RFC 4648, padded), got text that is not',
    ],
    [
      'a name given twice',
      '{"specs":[{"name":"u","shape":[0]},{"name":"u","shape":[0]}],"weights":""}',
      'DUPLICATE_KEY',
      'specs[1]: expected a name of its own, got "u"',
    ],
    [
      'a spec without a name',
      '{"specs":[{"shape":[0]}],"weights":""}',
      'INVALID_TENSOR',
      'specs[0]: expected a name, got none',
    ],
    [
      'a spec that is no object',
      '{"specs":[1],"weights":""}',
      'INVALID_TENSOR',
      'specs[0]: expected an object, got number',
    ],
    [
      'a size that is no number of bytes',
      '{"specs":[{"name":"u","shape":[1],"dtype":"F4"}],"weights":""}',
      'MISALIGNED',
      'tensor "u": expected whole bytes for F4 [1], got 4 bits',
    ],
  ];
  for (const [fault, text, code, message] of refusals) {
    it(`refuses ${fault}`, () => expect(faultOf(text)).to.deep.equal([code, `json: ${message}`]));
  }

  it('limits the number of tensors', () => {
    const limits = { maxTensors: 2 };
    const error = errorOf(() => parseJson(utf8(`{"specs":${specs},"weights":"${weights}"}`), { limits }));
    expect(error.message).to.equal(
      'json: specs: expected at most 2 tensors, got more. Raise limits.maxTensors to read it',
    );
  });
});
