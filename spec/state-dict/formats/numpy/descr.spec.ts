import { expect } from 'chai';
import { readDescr, STRUCTURED } from '../../../../src/state-dict/formats/numpy/descr.js';
import { errorOf } from '../../support.js';

describe('readDescr', () => {
  it('knows the dtypes of tensors, in each byte order', () => {
    for (const [name, dtype] of [
      ['b1', 'BOOL'],
      ['i1', 'I8'],
      ['i2', 'I16'],
      ['i4', 'I32'],
      ['i8', 'I64'],
      ['u1', 'U8'],
      ['u2', 'U16'],
      ['u4', 'U32'],
      ['u8', 'U64'],
      ['f2', 'F16'],
      ['f4', 'F32'],
      ['f8', 'F64'],
      ['c8', 'C64'],
    ]) {
      for (const order of ['<', '|', '=', '']) {
        expect(readDescr(order + name, 'file')).to.deep.equal({ dtype, littleEndian: true });
      }
      expect(readDescr(`>${name}`, 'file')).to.deep.equal({ dtype, littleEndian: false });
    }
  });

  it('reads the codes and names that numpy takes for the same', () => {
    for (const [descr, dtype] of [
      ['?', 'BOOL'],
      ['|b', 'I8'],
      ['B', 'U8'],
      ['<h', 'I16'],
      ['H', 'U16'],
      ['<i', 'I32'],
      ['I', 'U32'],
      ['l', 'I64'],
      ['<L', 'U64'],
      ['q', 'I64'],
      ['Q', 'U64'],
      ['p', 'I64'],
      ['P', 'U64'],
      ['e', 'F16'],
      ['<f', 'F32'],
      ['<d', 'F64'],
      ['F', 'C64'],
      ['float32', 'F32'],
      ['double', 'F64'],
      ['bool', 'BOOL'],
      ['int', 'I64'],
    ])
      expect(readDescr(descr, 'file'), descr).to.deep.equal({ dtype, littleEndian: true });
    expect(readDescr('>d', 'file')).to.deep.equal({ dtype: 'F64', littleEndian: false });
    expect(readDescr('g', 'file'))
      .to.have.property('refused')
      .that.matches(/long doubles/);
    for (const descr of ['<float32', 'f4 ', 'u', '<u'])
      expect(() => readDescr(descr, 'file'), descr).to.throw();
  });

  it('says what others are and what to save in their place', () => {
    for (const [descr, reason] of [
      [
        '|O',
        'an array of Python objects. ' +
          'In Python, save numpy.array(x.tolist(), dtype="float32"), or of a dict d of arrays ' +
          'numpy.savez("w.npz", **d), in its place',
      ],
      ['<U2', 'an array of strings. In Python, save x.astype("float32") in its place'],
      ['|S3', 'an array of strings. In Python, save x.astype("float32") in its place'],
      [
        '|V2',
        'an array of raw bytes, as ml_dtypes has its bfloat16 saved. ' +
          'In Python, save x.view(ml_dtypes.bfloat16).astype("float32") in its place',
      ],
      ['<M8[ns]', 'an array of dates or durations. In Python, save x.astype("int64") in its place'],
      ['<m8', 'an array of dates or durations. In Python, save x.astype("int64") in its place'],
      ['<c16', 'an array of complex numbers of 128 bits. In Python, save x.astype("complex64") in its place'],
      [
        '<f16',
        'an array of long doubles, which differ between machines. ' +
          'In Python, save x.astype("float64") in its place',
      ],
      ['<c32', 'an array of complex long doubles. In Python, save x.astype("complex64") in its place'],
    ]) {
      expect(readDescr(descr, 'file')).to.deep.equal({ refused: reason });
    }
    expect(STRUCTURED.refused).to.equal(
      'an array of records of named fields. In Python, save x["field"].astype("float32") in its place',
    );
  });

  it('refuses names that numpy does not know', () => {
    for (const descr of ['', '<', '<f3', '<<f4', 'f4 ', '<i16', 'constructor', '<f4\n']) {
      const error = errorOf(() => readDescr(descr, 'entry "a.npy"'));
      expect(error.code, descr).to.equal('UNKNOWN_DTYPE');
      expect(error.message).to.equal(
        'npy: entry "a.npy": expected a dtype of b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8, c8, ' +
          `got ${JSON.stringify(descr)}`,
      );
    }
  });
});
