import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { viewOf } from '../../../src/state-dict/tensors/dtypes.js';
import { type FloatDtype, roundFloats } from '../../../src/state-dict/tensors/round-floats.js';
import type { StateDict, TorchDtype, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { bytesOf, errorOf, parseSafetensors } from '../support.js';

const FOLDER = new URL('../../fixtures/rounding/', import.meta.url);
const FLOATS: StateDict = parseSafetensors(
  new Uint8Array(readFileSync(new URL('floats.safetensors', FOLDER))),
);
/** Of what torch makes of all codes, NaN as one code. */
const DIGESTS: Record<string, string> = JSON.parse(readFileSync(new URL('codes.json', FOLDER), 'utf8'));
const NAN_CODES = { F16: 0x7e00, BF16: 0x7fc0, F32: 0x7fc00000 };

const tensorNamed = (name: string): TorchTensor => FLOATS.get(name) as TorchTensor;
const round = (tensor: TorchTensor, dtype: FloatDtype) => roundFloats('spec', 'tensor', tensor, dtype);

function tensorOf(dtype: TorchDtype, data: TorchTensor['data']): TorchTensor {
  return { dtype, shape: [data.length], data };
}

/** The codes of the elements, NaN as one. */
function codes({ dtype, data }: TorchTensor): Uint16Array | Uint32Array {
  const nan = NAN_CODES[dtype as FloatDtype];
  if (dtype === 'F32') {
    const bits = new Uint32Array((data as Float32Array).slice().buffer);
    return bits.map((code) => ((code & 0x7fffffff) > 0x7f800000 ? nan : code));
  }
  const infinite = dtype === 'F16' ? 0x7c00 : 0x7f80;
  return (data as Uint16Array).map((code) => ((code & 0x7fff) > infinite ? nan : code));
}

describe('roundFloats', () => {
  for (const [source, target] of [
    ['F32', 'F16'],
    ['F32', 'BF16'],
    ['F64', 'F16'],
    ['F64', 'BF16'],
    ['F64', 'F32'],
  ] as const) {
    it(`rounds ${source} to ${target} as torch does`, () => {
      const { tensor } = round(tensorNamed(source.toLowerCase()), target);
      const expected = tensorNamed(`${source}_${target}`.toLowerCase());
      expect(tensor.dtype).to.equal(target);
      expect(tensor.shape).to.deep.equal(expected.shape);
      expect(codes(tensor)).to.deep.equal(codes(expected));
    });
  }

  for (const [source, target, pair] of [
    ['F16', 'BF16', 'float16->bfloat16'],
    ['BF16', 'F16', 'bfloat16->float16'],
    ['F16', 'F32', 'float16->float32'],
  ] as const) {
    it(`makes of all 65,536 codes of ${source} the ${target} that torch makes`, () => {
      const all = Uint16Array.from({ length: 65536 }, (_, code) => code);
      const rounded = codes(round(tensorOf(source, all), target).tensor);
      const bytes = new Uint8Array(rounded.buffer, rounded.byteOffset, rounded.byteLength);
      expect(createHash('sha256').update(bytes).digest('hex')).to.equal(DIGESTS[pair]);
    });
  }

  it('gives back every code of a 16-bit float that went to F32', () => {
    for (const dtype of ['F16', 'BF16'] as const) {
      const all = tensorOf(
        dtype,
        Uint16Array.from({ length: 65536 }, (_, code) => code),
      );
      const wide = round(all, 'F32').tensor;
      expect(codes(round(wide, dtype).tensor)).to.deep.equal(codes(all));
    }
  });

  it('counts the finite elements that became infinite, and no others', () => {
    const floats = tensorOf('F32', new Float32Array([65504, 65519.99, 65520, -1e38, Infinity, NaN, 3.4e38]));
    expect(round(floats, 'F16').overflows).to.equal(3);
    expect(round(floats, 'BF16').overflows).to.equal(1);
    const doubles = tensorOf('F64', new Float64Array([1e300, -Infinity, 1e5, 1]));
    expect(round(doubles, 'F32').overflows).to.equal(1);
    expect(round(doubles, 'F16').overflows).to.equal(2);
  });

  it('leaves the dtype asked for, integers, BOOL, C64 and small floats as they are', () => {
    const kept: TorchTensor[] = [
      tensorOf('F16', new Uint16Array([1])),
      tensorOf('I64', new BigInt64Array([2n ** 62n])),
      tensorOf('U8', new Uint8Array([255])),
      tensorOf('BOOL', new Uint8Array([1])),
      tensorOf('C64', new Float32Array([1, 2])),
      { dtype: 'F8_E4M3', shape: [2], data: new Uint8Array([1, 2]) },
    ];
    for (const tensor of kept) expect(round(tensor, 'F16')).to.deep.equal({ tensor, overflows: 0 });
  });

  it('keeps the shape, of scalars and empty tensors too', () => {
    const scalar = round({ dtype: 'F32', shape: [], data: new Float32Array([1.5]) }, 'BF16').tensor;
    expect(scalar).to.deep.equal({ dtype: 'BF16', shape: [], data: new Uint16Array([0x3fc0]) });
    const empty = round({ dtype: 'F64', shape: [0, 3], data: new Float64Array(0) }, 'F16').tensor;
    expect(empty).to.deep.equal({ dtype: 'F16', shape: [0, 3], data: new Uint16Array(0) });
  });

  it('reads views that start anywhere in a file', () => {
    const file = new Uint8Array(bytesOf(tensorNamed('f32')).length + 8);
    file.set(bytesOf(tensorNamed('f32')), 8);
    const { shape } = tensorNamed('f32');
    const view: TorchTensor = {
      dtype: 'F32',
      shape,
      data: viewOf('F32', file.buffer, 8, file.length - 8),
    };
    expect(codes(round(view, 'F16').tensor)).to.deep.equal(codes(tensorNamed('f32_f16')));
  });

  it('names a tensor whose data does not have the size of its shape', () => {
    const wrong: TorchTensor = { dtype: 'F32', shape: [3], data: new Float32Array(2) };
    expect(errorOf(() => roundFloats('convert', 'tensor "w"', wrong, 'F16')).message).to.equal(
      'convert: tensor "w" data: expected 12 bytes for F32 [3], got 8',
    );
  });
});
