import { expect } from 'chai';
import { FormatError } from '../../../../src/errors.js';
import type { TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { errorOf, expectSameBits, fixture, parseJson, parseSafetensors, utf8 } from '../../support.js';

function tensorOf(value: string): TorchTensor {
  return parseJson(utf8(`{"w":${value}}`)).get('w')!;
}

function faultOf(text: string): { code: string | undefined; message: string } {
  const error = errorOf(() => parseJson(utf8(text)));
  expect(error).to.be.instanceOf(FormatError);
  return { code: error.code, message: error.message };
}

describe('parseJson', () => {
  it('reads what json.dump writes of a GRU bit for bit as the safetensors file of it', () => {
    const fromJson = parseJson(fixture('reference/module.json'));
    const special = fromJson.get('special')!;
    fromJson.delete('special');
    const fromSafetensors = parseSafetensors(fixture('reference/module.safetensors'));
    expect([...fromJson.keys()][0]).to.equal('weight_ih_l0');
    expectSameBits(new Map([...fromJson].sort(([a], [b]) => (a < b ? -1 : 1))), fromSafetensors);
    expect([...special.data]).to.deep.equal([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
    ]);
  });

  describe('{name: nested lists}', () => {
    it('takes the shape from the nesting and rounds numbers to F32', () => {
      expect(tensorOf('[[[1,2],[3,4],[5,0.1]]]')).to.deep.equal({
        dtype: 'F32',
        shape: [1, 3, 2],
        data: Float32Array.of(1, 2, 3, 4, 5, 0.1),
      });
    });

    it('reads a bare number as a scalar', () => {
      expect(tensorOf('2.5')).to.deep.equal({ dtype: 'F32', shape: [], data: Float32Array.of(2.5) });
      expect(tensorOf('false')).to.deep.equal({ dtype: 'BOOL', shape: [], data: Uint8Array.of(0) });
    });

    it('reads true and false as BOOL', () => {
      expect(tensorOf(' [ [true] , [false] ]')).to.deep.equal({
        dtype: 'BOOL',
        shape: [2, 1],
        data: Uint8Array.of(1, 0),
      });
    });

    it('reads empty lists at the depth where they stand', () => {
      expect(tensorOf('[]').shape).to.deep.equal([0]);
      expect(tensorOf('[[],[]]')).to.deep.equal({ dtype: 'F32', shape: [2, 0], data: new Float32Array(0) });
    });

    it('keeps the order of the text and names of Object.prototype', () => {
      expect([...parseJson(utf8('{"b":1,"__proto__":2,"a":3,"1":4}')).keys()]).to.deep.equal([
        'b',
        '__proto__',
        'a',
        '1',
      ]);
    });

    it('reads an object without members as an empty state_dict', () => {
      expect(parseJson(utf8(' {} ')).size).to.equal(0);
    });
  });

  describe('{name: {shape, dtype, data}}', () => {
    it('reads flat data, members in any order and others left', () => {
      expect(tensorOf('{"data":[1,2,3,4],"device":"cpu","shape":[2,2],"dtype":"I8"}')).to.deep.equal({
        dtype: 'I8',
        shape: [2, 2],
        data: Int8Array.of(1, 2, 3, 4),
      });
    });

    it('is F32 or BOOL without a dtype', () => {
      expect(tensorOf('{"shape":[2],"data":[1,2]}').dtype).to.equal('F32');
      expect(tensorOf('{"shape":[2],"data":[true,false]}').dtype).to.equal('BOOL');
    });

    it('reads nested data of the same shape', () => {
      expect(tensorOf('{"shape":[2,1],"dtype":"int32","data":[[7],[8]]}').data).to.deep.equal(
        Int32Array.of(7, 8),
      );
    });

    it('reads a scalar as a bare number or a list of one', () => {
      for (const data of ['5', '[5]']) {
        const tensor = tensorOf(`{"shape":[],"dtype":"torch.int64","data":${data}}`);
        expect(tensor, data).to.deep.equal({ dtype: 'I64', shape: [], data: BigInt64Array.of(5n) });
      }
    });

    it('reads base64 of little-endian bytes, with escaped slashes too', () => {
      const base64 = Buffer.from(Float32Array.of(1.5, -2, 1 / 3).buffer).toString('base64');
      const expected = { dtype: 'F32', shape: [3], data: Float32Array.of(1.5, -2, 1 / 3) };
      expect(tensorOf(`{"shape":[3],"dtype":"float32","data":"${base64}"}`)).to.deep.equal(expected);
      const bytes = { dtype: 'U8', shape: [3], data: Uint8Array.of(255, 255, 255) };
      expect(tensorOf('{"shape":[3],"dtype":"uint8","data":"\\/\\/\\/\\/"}')).to.deep.equal(bytes);
    });

    it('reads dtypes that have no JSON numbers from base64', () => {
      expect(tensorOf('{"shape":[2],"dtype":"float8_e4m3fn","data":"OEA="}')).to.deep.equal({
        dtype: 'F8_E4M3',
        shape: [2],
        data: Uint8Array.of(0x38, 0x40),
      });
    });
  });

  describe('wrapping keys', () => {
    for (const wrapper of ['state_dict', 'model_state_dict', 'model']) {
      it(`reads the members of ${wrapper} and leaves what stands beside it`, () => {
        const text = `{"epoch":3,"note":"x","${wrapper}":{"a":[1],"b":{"shape":[1],"data":[2]}},"optimizer":{"lr":[]}}`;
        expect([...parseJson(utf8(text)).keys()]).to.deep.equal(['a', 'b']);
      });
    }

    it('prefers state_dict to model, which may be a configuration', () => {
      expect([...parseJson(utf8('{"model":{"kind":"gru"},"state_dict":{"a":1}}')).keys()]).to.deep.equal([
        'a',
      ]);
    });

    it('leaves a model of settings beside tensors, and names it', () => {
      for (const beside of ['[[1,2]]', '{"shape":[1],"data":[1]}']) {
        expect(faultOf(`{"model":{"hidden":3,"layers":2},"fc.weight":${beside}}`)).to.deep.equal({
          code: 'INVALID_TENSOR',
          message:
            'json: tensor "model": expected an object with shape and data, got one with keys ["hidden", "layers"]. ' +
            'If these are settings, name the modules to read with select',
        });
      }
    });

    // That the losses are left out is told, which is not the subject here.
    const UNHEARD = { onReport: () => {} };

    it('reads on in the next of these keys where one holds settings', () => {
      const text = '{"model":{"hidden":3},"losses":[0.5],"model_state_dict":{"w":[1]}}';
      expect([...parseJson(utf8(text), UNHEARD).keys()]).to.deep.equal(['w']);
      const reversed = '{"state_dict":{"version":3},"losses":[0.5],"model":{"w":{"shape":[1],"data":[1]}}}';
      expect([...parseJson(utf8(reversed), UNHEARD).keys()]).to.deep.equal(['w']);
    });

    it('reads tensors of a checkpoint beside a list of losses', () => {
      expect([
        ...parseJson(utf8('{"state_dict":{"w":[1]},"losses":[0.5,0.25]}'), UNHEARD).keys(),
      ]).to.deep.equal(['w']);
    });

    it('reads one scalar where nothing beside it is a tensor', () => {
      expect([...parseJson(utf8('{"model":{"scale":2},"epoch":3}')).keys()]).to.deep.equal(['scale']);
    });

    it('takes a key called model for a tensor where it is one', () => {
      expect(parseJson(utf8('{"model":[[1,2]]}')).get('model')!.shape).to.deep.equal([1, 2]);
      expect(parseJson(utf8('{"model":{"shape":[1],"data":[1]}}')).get('model')!.shape).to.deep.equal([1]);
    });
  });

  describe('objects inside each other', () => {
    const names = (text: string) => [...parseJson(utf8(text)).keys()];

    it('are modules below the dict of tensors, and wrappers around it', () => {
      expect(names('{"params":{"weight":[1],"bias":[2]}}')).to.deep.equal(['weight', 'bias']);
      expect(names('{"scale":[1],"enc":{"gru":{"w":[1]},"b":{"shape":[1],"data":[1]}}}')).to.deep.equal([
        'scale',
        'enc.gru.w',
        'enc.b',
      ]);
      expect(names('{"epoch":3,"nets":{"G":{"w":[1]},"seed":4}}')).to.deep.equal(['w']);
    });

    it('hide no broken tensor', () => {
      expect(faultOf('{"enc":{"w":[[1],[2,3]]}}')).to.deep.equal({
        code: 'INVALID_TENSOR',
        message: 'json: tensor "w"[1]: expected 1 numbers like its siblings, got 2',
      });
      expect(faultOf('{"enc":{"w":[1],"v":"AAAA"}}')).to.deep.equal({
        code: 'INVALID_TENSOR',
        message:
          'json: tensor "v": expected numbers, nested lists, or an object with shape and data, got string',
      });
    });
  });

  it('reads only the elements that are selected', () => {
    const text = utf8('{"a":{"w":[1,2]},"b":{"w":{"shape":[2],"dtype":"I8","data":[1,300]}}}');
    expect([...parseJson(text, { path: [], select: ['a'] }).keys()]).to.deep.equal(['a.w']);
    expect(errorOf(() => parseJson(text, { path: [], select: ['b'] })).message).to.equal(
      'json: tensor "w"[1]: expected an integer from -128 to 127, got 300',
    );
  });

  it('reads past a byte order mark, which Windows tools write', () => {
    expect(parseJson(utf8('\ufeff {"w":[1]}')).get('w')!.shape).to.deep.equal([1]);
    expect(faultOf('\ufeff{"w":[1]} x').message).to.equal(
      "json: byte 13: expected the end of the text, got 'x'",
    );
    expect(faultOf('\ufeff\ufeff{}').message).to.equal('json: byte 3: expected a JSON value, got byte 0xef');
  });

  it('takes a tensor called weight_map for one', () => {
    expect(parseJson(utf8('{"weight_map":[1]}')).size).to.equal(1);
    expect(parseJson(utf8('{"weight_map":{"shape":[1],"data":[1]}}')).size).to.equal(1);
  });

  describe('refusals', () => {
    const cases: [string, string, string, string][] = [
      ['a list as root', '[1]', 'INVALID_STRUCTURE', 'json: root: expected an object of tensors, got a list'],
      [
        'the index of a model in several files',
        '{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors"}}',
        'INVALID_STRUCTURE',
        'json: root: expected an object of tensors, got the index of a model in several files. ' +
          'Pass its path or URL to readStateDict',
      ],
      [
        'more dimensions than a tensor has',
        `{"w":{"shape":[${'1,'.repeat(64)}1],"data":[1]}}`,
        'TOO_LARGE',
        'json: tensor "w": expected at most 64 dimensions, got more',
      ],
      [
        'text as a tensor',
        '{"w":"AAAA"}',
        'INVALID_TENSOR',
        'json: tensor "w": expected numbers, nested lists, or an object with shape and data, got string',
      ],
      [
        'an object that lacks what a tensor has',
        '{"w":{"shape":[2],"values":[1,2]}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected an object with shape and data, got one with keys ["shape", "values"]',
      ],
      [
        'layers in a list',
        '{"layers":[{"name":"fc","weights":[[1]],"bias":[1]}]}',
        'INVALID_TENSOR',
        'json: tensor "layers"[0]: expected a number or a list, got object',
      ],
      [
        'descriptions in a list beside one text of all elements',
        '{"specs":[{"name":"w","shape":[2],"dtype":"float32"}],"weights":"AACAPwAAAEA="}',
        'INVALID_TENSOR',
        'json: tensor "specs"[0]: expected a number or a list, got object',
      ],
      [
        'too few numbers',
        '{"w":{"shape":[2,3],"data":[1,2,3,4,5]}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected 6 numbers for shape [2, 3], got 5',
      ],
      [
        'nested data of another shape',
        '{"w":{"shape":[2,3],"data":[[1,2],[3,4],[5,6]]}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected a flat list or one of shape [2, 3], got a list of shape [3, 2]',
      ],
      [
        'a shape with a fraction',
        '{"w":{"shape":[2.0],"data":[1,2]}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected a shape of integers >= 0, got 2.0',
      ],
      [
        'a shape that is no list',
        '{"w":{"shape":2,"data":[1,2]}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected a shape of integers >= 0, got number',
      ],
      [
        'a shape beyond counting',
        '{"w":{"shape":[4294967296,4294967296],"data":[]}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected sizes whose product is at most 2^53 - 1, got [4294967296, 4294967296]',
      ],
      [
        'an unknown dtype',
        '{"w":{"shape":[1],"dtype":"quint8","data":[1]}}',
        'UNKNOWN_DTYPE',
        'json: tensor "w": expected a dtype by safetensors\' or torch\'s name, got "quint8"',
      ],
      [
        'a dtype of Object.prototype',
        '{"w":{"shape":[1],"dtype":"constructor","data":[1]}}',
        'UNKNOWN_DTYPE',
        'json: tensor "w": expected a dtype by safetensors\' or torch\'s name, got "constructor"',
      ],
      [
        'base64 without a dtype',
        '{"w":{"shape":[1],"data":"AAAAAA=="}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected a dtype beside base64 data, got none',
      ],
      [
        'base64 of another length',
        '{"w":{"shape":[2],"dtype":"F32","data":"AAAAAA=="}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected 8 bytes for F32 [2], got 4',
      ],
      [
        'text that is no base64',
        '{"w":{"shape":[1],"dtype":"F32","data":"AA AAA=="}}',
        'INVALID_TENSOR',
        'json: tensor "w": expected data in base64 (RFC 4648, padded), got text that is not',
      ],
      [
        'numbers for a dtype that has none',
        '{"w":{"shape":[1],"dtype":"C64","data":[1]}}',
        'INVALID_TENSOR',
        'json: tensor "w" data: expected base64 text for C64, got numbers',
      ],
      [
        'a tensor given twice',
        '{"w":[1],"w":[2]}',
        'DUPLICATE_NAME',
        'json: byte 9: expected each name once per object, got "w" again',
      ],
    ];
    for (const [fault, text, code, message] of cases) {
      it(`name ${fault}`, () => expect(faultOf(text)).to.deep.equal({ code, message }));
    }

    it('take 64 dimensions, as a shape and as nested lists', () => {
      const shape = new Array(64).fill(1);
      const lists = `${'['.repeat(64)}1${']'.repeat(64)}`;
      expect(tensorOf(`{"shape":[${shape}],"data":[1]}`).shape).to.deep.equal(shape);
      expect(tensorOf(lists).shape).to.deep.equal(shape);
      expect(tensorOf(`{"shape":[${shape}],"data":${lists}}`).shape).to.deep.equal(shape);
    });

    it('name lists nested deeper than a tensor has dimensions', () => {
      const { code, message } = faultOf(`{"w":${'['.repeat(65)}1${']'.repeat(65)}}`);
      expect(code).to.equal('TOO_LARGE');
      expect(message).to.equal(
        `json: tensor "w"${'[0]'.repeat(64)}: expected at most 64 dimensions, got more`,
      );
    });

    it('limit the number of tensors', () => {
      const text = utf8('{"a":1,"b":2,"c":3}');
      expect(parseJson(text, { limits: { maxTensors: 3 } }).size).to.equal(3);
      const error = errorOf(() => parseJson(text, { limits: { maxTensors: 2 } }));
      expect(error.message).to.equal(
        'json: file: expected at most 2 tensors, got more. Raise limits.maxTensors to read it',
      );
    });

    it('limit the members of all objects together, nested ones included', () => {
      const object = (count: number) => `{${Array.from({ length: count }, (_, i) => `"${i}":""`)}}`;
      const text = (count: number) => utf8(`{"w":[1],"o":{"a":${object(count)},"b":${object(count)}}}`);
      const limits = { maxTensors: 1 };
      expect(() => parseJson(text(3000), { limits })).to.throw(FormatError, /at most 1 tensors/);
      expect(errorOf(() => parseJson(text(3300), { limits })).message).to.equal(
        'file: content: expected at most 65600 steps for its values and names (limits.maxTensors), got more. ' +
          'Raise limits.maxTensors to read it',
      );
    });

    it('name descriptions apart from the elements, which are a dict of tensors of their own', () => {
      const error = errorOf(() =>
        parseJson(utf8('{"params":{"w":[1]},"meta":{"w":{"shape":[1],"dtype":"F32"}}}')),
      );
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.match(/expected one dict with tensors, got several: \["params"\], \["meta"\]/);
    });

    it('count the elements that numbers become', () => {
      const text = utf8('{"w":[1,2,3],"v":[4]}');
      expect(parseJson(text, { limits: { maxTensorBytes: 16 } }).size).to.equal(2);
      expect(() => parseJson(text, { limits: { maxTensorBytes: 15 } })).to.throw(RangeError, 'got 16');
    });

    it('end a million nested lists without running out of stack', () => {
      expect(faultOf(`{"w":${'['.repeat(1e6)}`).message).to.match(/expected at most 67 levels of nesting/);
    });

    it('end a shape of 10^15 elements before allocating it', () => {
      const message = (text: string) => faultOf(text).message;
      expect(message('{"w":{"shape":[1000000000000000],"data":[]}}')).to.match(
        /expected 1000000000000000 numbers for shape \[1000000000000000\], got 0$/,
      );
      expect(message('{"w":{"shape":[1000000000000000],"dtype":"F32","data":""}}')).to.match(
        /expected 4000000000000000 bytes for F32 \[1000000000000000\], got 0$/,
      );
    });
  });
});
