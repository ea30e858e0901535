import { expect } from 'chai';
import {
  alignmentOf,
  allocate,
  arrayName,
  bitsOf,
  DTYPE_NAMES,
  dtypeNamed,
  elementCount,
  isDtype,
  isOpaque,
  viewOf,
} from '../../../src/state-dict/tensors/dtypes.js';
import { fixture } from '../support.js';

describe('dtypes', () => {
  it('are those of the reference, in its order', () => {
    const verdicts = new TextDecoder().decode(fixture('safetensors-verdicts.tsv'));
    const listed = /^10_dtype_unknown\t.*expected one of (.*) at line/m.exec(verdicts)![1];
    expect(DTYPE_NAMES).to.deep.equal(listed.replaceAll('`', '').split(', '));
  });

  it('never shrink in size from I16 on, so that a file written from last to first is aligned', () => {
    const sizes = DTYPE_NAMES.slice(DTYPE_NAMES.indexOf('I16')).map((dtype) => bitsOf(dtype));
    expect(sizes).to.deep.equal([...sizes].sort((a, b) => a - b));
    expect(
      DTYPE_NAMES.slice(0, DTYPE_NAMES.indexOf('I16')).every((dtype) => alignmentOf(dtype) === 1),
    ).to.equal(true);
  });

  it('fill whole items of their array, but for the packed ones', () => {
    for (const dtype of DTYPE_NAMES.filter((name) => !isOpaque(name))) {
      expect(bitsOf(dtype) % (8 * alignmentOf(dtype)), dtype).to.equal(0);
    }
    expect(allocate('C64', 3)).to.deep.equal(new Float32Array(6));
    expect(allocate('F6_E2M3', 4)).to.deep.equal(new Uint8Array(3));
    expect(arrayName('BF16')).to.equal('Uint16Array');
  });

  it("go by safetensors' and torch's names", () => {
    expect(dtypeNamed('F32')).to.equal('F32');
    expect(dtypeNamed('float32')).to.equal('F32');
    expect(dtypeNamed('torch.float')).to.equal('F32');
    expect(dtypeNamed('torch.bfloat16')).to.equal('BF16');
    expect(dtypeNamed('half')).to.equal('F16');
    expect(dtypeNamed('double')).to.equal('F64');
    expect(dtypeNamed('long')).to.equal('I64');
    expect(dtypeNamed('torch.bool')).to.equal('BOOL');
    for (const name of ['f32', 'Float32', 'torch.F32', 'numpy.float32', 'constructor', '__proto__', '']) {
      expect(dtypeNamed(name), name).to.equal(undefined);
    }
  });

  it('are told from other text and values', () => {
    expect(isDtype('U64')).to.equal(true);
    for (const value of ['u64', 'toString', '', undefined, null, 64]) expect(isDtype(value)).to.equal(false);
  });
});

describe('elementCount', () => {
  it('multiplies sizes, 1 for a scalar', () => {
    expect(elementCount([])).to.equal(1);
    expect(elementCount([3, 4, 5])).to.equal(60);
    expect(elementCount([3, 0, 5])).to.equal(0);
  });

  it('is NaN where a size or a product on the way exceeds 2^53 - 1', () => {
    expect(elementCount([2 ** 53])).to.deep.equal(Number.NaN);
    expect(elementCount([2 ** 30, 2 ** 30, 0])).to.deep.equal(Number.NaN);
    expect(elementCount([0, 2 ** 60])).to.deep.equal(Number.NaN);
    expect(elementCount([2 ** 53 - 1])).to.equal(2 ** 53 - 1);
  });
});

describe('viewOf', () => {
  it('shares the memory it is given', () => {
    const buffer = new ArrayBuffer(16);
    const view = viewOf('F32', buffer, 4, 8) as Float32Array;
    view[1] = 1;
    expect(view).to.have.length(2);
    expect(new Float32Array(buffer)).to.deep.equal(Float32Array.of(0, 0, 1, 0));
  });
});
