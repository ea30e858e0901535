import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { allocate, DTYPE_NAMES } from '../../../src/state-dict/tensors/dtypes.js';
import { float32Of, toFloat32Array } from '../../../src/state-dict/tensors/float32.js';
import { halfTable } from '../../../src/state-dict/tensors/half.js';
import type { TorchData, TorchDtype, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { errorOf, fixture, fixturePath, parseSafetensors } from '../support.js';

function floats(dtype: TorchDtype, data: TorchData): number[] {
  return [...toFloat32Array({ dtype, shape: [data.length], data })];
}

describe('toFloat32Array', () => {
  it('returns the array of an F32 tensor itself', () => {
    const data = Float32Array.of(1, Number.NaN);
    expect(toFloat32Array({ dtype: 'F32', shape: [2], data })).to.equal(data);
  });

  it('reads every F16 code', () => {
    const data = Uint16Array.from({ length: 65536 }, (_, code) => code);
    expect(toFloat32Array({ dtype: 'F16', shape: [65536], data })).to.deep.equal(halfTable());
  });

  it('reads every BF16 code as the upper half of a float32, bit for bit', () => {
    const data = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const bytes = Buffer.from(toFloat32Array({ dtype: 'BF16', shape: [65536], data }).buffer);
    for (let code = 0; code < 65536; code++) {
      if (bytes.readUInt32LE(code * 4) !== code * 65536) expect.fail(`code ${code}`);
    }
  });

  it('reads 16-bit floats at any address, one more than pairs of them too', () => {
    const codes = Uint16Array.of(0, 0x3f80, 0x3c00, 0xbf80, 0xc000, 0x4000);
    for (const [begin, end] of [
      [0, 0],
      [1, 2],
      [1, 6],
      [2, 5],
      [0, 6],
    ]) {
      const data = codes.subarray(begin, end);
      expect(floats('F16', data)).to.deep.equal([...data].map((code) => halfTable()[code]));
      const upper = new Float32Array(Uint32Array.from(data, (code) => code << 16).buffer);
      expect(floats('BF16', data)).to.deep.equal([...upper]);
    }
  });

  it('rounds F64, and overflows it to infinity', () => {
    expect(floats('F64', Float64Array.of(0.1, 1e39, -1e-50))).to.deep.equal([
      Math.fround(0.1),
      Number.POSITIVE_INFINITY,
      -0,
    ]);
  });

  it('reads small integers exactly', () => {
    expect(floats('I8', Int8Array.of(-128, 127))).to.deep.equal([-128, 127]);
    expect(floats('U8', Uint8Array.of(0, 255))).to.deep.equal([0, 255]);
    expect(floats('I16', Int16Array.of(-32768, 32767))).to.deep.equal([-32768, 32767]);
    expect(floats('U16', Uint16Array.of(65535))).to.deep.equal([65535]);
    expect(floats('I32', Int32Array.of(-16777216, 16777216))).to.deep.equal([-16777216, 16777216]);
    expect(floats('U32', Uint32Array.of(4294967040))).to.deep.equal([4294967040]);
    expect(floats('I64', BigInt64Array.of(-5n, 16777216n))).to.deep.equal([-5, 16777216]);
  });

  it('rounds 64-bit integers once, as torch does', () => {
    const { integers }: { integers: [string, number][] } = JSON.parse(
      readFileSync(fixturePath('reference/rounding.json'), 'utf8'),
    );
    for (const [digits, expected] of integers) {
      expect(floats('I64', BigInt64Array.of(BigInt(digits))), digits).to.deep.equal([expected]);
    }
    expect(floats('U64', BigUint64Array.of(2n ** 64n - 1n))).to.deep.equal([2 ** 64]);
  });

  it('reads arrays of another realm', () => {
    expect(floats('I64', runInNewContext('BigInt64Array.of(-5n, 2n ** 60n)'))).to.deep.equal([-5, 2 ** 60]);
    expect(floats('U64', runInNewContext('BigUint64Array.of(5n)'))).to.deep.equal([5]);
    expect(floats('F64', runInNewContext('Float64Array.of(0.5)'))).to.deep.equal([0.5]);
    expect(floats('F16', runInNewContext('Uint16Array.of(0x3c00)'))).to.deep.equal([1]);
    expect(floats('BOOL', runInNewContext('Uint8Array.of(2)'))).to.deep.equal([1]);
  });

  it('reads BOOL as 0 and 1, whatever the byte', () => {
    expect(floats('BOOL', Uint8Array.of(0, 1, 255))).to.deep.equal([0, 1, 1]);
  });

  it('refuses C64 by name, with the Python to run', () => {
    const data = Float32Array.of(1, 2);
    const error = errorOf(() => toFloat32Array({ dtype: 'C64', shape: [1], data }, 'spectrum'));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'toFloat32Array: tensor "spectrum": expected a real dtype of 16 bits or more, an integer or BOOL, got C64. ' +
        'Save its real and imaginary parts instead, in Python: torch.view_as_real(tensor)',
    );
  });

  const OPAQUE = DTYPE_NAMES.filter((dtype) => /^F[468](_|$)/.test(dtype));
  for (const dtype of OPAQUE) {
    it(`refuses ${dtype} by name, with the Python to run`, () => {
      const error = errorOf(() => toFloat32Array({ dtype, shape: [4], data: allocate(dtype, 4) }, 'w'));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.equal(
        `toFloat32Array: tensor "w": expected a real dtype of 16 bits or more, an integer or BOOL, got ${dtype}. ` +
          'Convert it before saving, in Python: tensor.to(torch.float32)',
      );
    });
  }

  it('converts every dtype but those eight and C64', () => {
    expect(OPAQUE).to.have.length(8);
    for (const dtype of DTYPE_NAMES.filter((name) => !OPAQUE.includes(name) && name !== 'C64')) {
      expect(floats(dtype, allocate(dtype, 2)), dtype).to.deep.equal([0, 0]);
    }
  });

  it('gives what torch holds in each float dtype of a file', () => {
    const stateDict = parseSafetensors(fixture('reference/every_dtype.safetensors'));
    const third = (name: string) => toFloat32Array(stateDict.get(name)!)[3];
    expect(third('f32')).to.equal(Math.fround(1 / 3));
    expect(third('f64')).to.equal(Math.fround(1 / 3));
    expect(third('f16')).to.equal(0.333251953125);
    expect(third('bf16')).to.equal(0.333984375);
  });

  it('refuses data of another kind than the dtype has', () => {
    const error = errorOf(() => toFloat32Array({ dtype: 'F16', shape: [1], data: Float32Array.of(1) }));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      'toFloat32Array: tensor data: expected a Uint16Array for F16, got Float32Array',
    );
  });
});

describe('float32Of', () => {
  it('names the function that asks, in every message', () => {
    const fault = (tensor: TorchTensor) =>
      errorOf(() => float32Of('loadStateDict', 'tensor "w"', tensor)).message;
    expect(fault({ dtype: 'F8_E4M3', shape: [1], data: Uint8Array.of(0) })).to.equal(
      'loadStateDict: tensor "w": expected a real dtype of 16 bits or more, an integer or BOOL, got F8_E4M3. ' +
        'Convert it before saving, in Python: tensor.to(torch.float32)',
    );
    expect(fault({ dtype: 'F32', shape: [2], data: Float32Array.of(1) })).to.equal(
      'loadStateDict: tensor "w" data: expected 8 bytes for F32 [2], got 4',
    );
  });
});
