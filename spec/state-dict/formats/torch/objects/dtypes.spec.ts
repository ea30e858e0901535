import { expect } from 'chai';
import { elementTypeNamed, storageType } from '../../../../../src/state-dict/formats/torch/objects/dtypes.js';

describe('storageType', () => {
  it('knows every class that torch has', () => {
    const types = {
      DoubleStorage: 'F64',
      FloatStorage: 'F32',
      HalfStorage: 'F16',
      BFloat16Storage: 'BF16',
      LongStorage: 'I64',
      IntStorage: 'I32',
      ShortStorage: 'I16',
      CharStorage: 'I8',
      ByteStorage: 'U8',
      BoolStorage: 'BOOL',
      ComplexFloatStorage: 'C64',
      UntypedStorage: 'U8',
    };
    for (const [name, dtype] of Object.entries(types)) expect(storageType(name)?.dtype, name).to.equal(dtype);
    const refused = {
      ComplexDoubleStorage: 16,
      QInt8Storage: 1,
      QUInt8Storage: 1,
      QInt32Storage: 4,
      QUInt4x2Storage: 1,
      QUInt2x4Storage: 1,
    };
    for (const [name, bytes] of Object.entries(refused)) {
      expect(storageType(name), name).to.include({ bytes }).and.to.have.property('reason');
    }
    expect(storageType('constructor')).to.equal(undefined);
  });
});

describe('elementTypeNamed', () => {
  it('knows the dtypes of torch by their full names', () => {
    expect(elementTypeNamed('torch.uint16')).to.deep.equal({ bytes: 2, dtype: 'U16' });
    expect(elementTypeNamed('torch.float8_e4m3fn')).to.deep.equal({ bytes: 1, dtype: 'F8_E4M3' });
    expect(elementTypeNamed('torch.float4_e2m1fn_x2')).to.deep.equal({
      bytes: 1,
      reason: 'a tensor of float4_e2m1fn_x2',
    });
    for (const name of ['uint4', 'int7', 'quint4x2', 'bits1x8', 'float6_e2m3', 'bfloat8'])
      expect(elementTypeNamed(`torch.${name}`)).to.deep.equal({ bytes: 1, reason: `a tensor of ${name}` });
    expect(elementTypeNamed('torch.complex32')).to.include({ bytes: 4 });
    for (const name of [
      'F32',
      'float32',
      'torch.F32',
      'torch.Size',
      'my.float32',
      'my.uint4',
      'torch.internal',
      'torch.bit',
      '',
    ]) {
      expect(elementTypeNamed(name), name).to.equal(undefined);
    }
  });
});
