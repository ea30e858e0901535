import { expect } from 'chai';
import { npyHeaderBytes, readNpyHeader } from '../../../../src/state-dict/formats/numpy/npy-header.js';
import { resolveLimits } from '../../../../src/state-dict/rules/limits.js';
import { errorOf, utf8 } from '../../support.js';
import { patched } from '../zip/support.js';
import { npyDict, npyFile } from './support.js';

const LIMITS = resolveLimits('spec');

function read(file: Uint8Array, limits = LIMITS) {
  const bytes = npyHeaderBytes(file, file.length, 'file', limits);
  return readNpyHeader(file.subarray(0, bytes), file.length, 'file');
}

function fault(file: Uint8Array, code: string, limits = LIMITS): string {
  const error = errorOf(() => read(file, limits));
  expect(error.code).to.equal(code);
  return error.message.replace('npy: file: ', '');
}

describe('npyHeaderBytes', () => {
  const dict = npyDict('<f4', '(2,)');

  it('counts the header in each version', () => {
    for (const [major, begin] of [
      [1, 10],
      [2, 12],
      [3, 12],
    ]) {
      const file = npyFile(dict, 8, major);
      expect(npyHeaderBytes(file.subarray(0, 12), file.length, 'file', LIMITS)).to.equal(begin + dict.length);
    }
  });

  it('refuses other files and other versions', () => {
    const other = 'expected the mark and version of an npy file first, got other bytes';
    for (const file of [
      utf8(''),
      utf8('\x93NUMPY'),
      npyFile(dict).subarray(0, 7),
      patched(npyFile(dict), 3, 1, 0),
    ]) {
      expect(fault(file, 'INVALID_SYNTAX')).to.equal(other);
    }
    expect(fault(patched(npyFile(dict), 6, 1, 4), 'INVALID_SYNTAX')).to.equal(
      'expected version 1.0, 2.0 or 3.0, got 4.0',
    );
    expect(fault(patched(npyFile(dict), 6, 1, 0), 'INVALID_SYNTAX')).to.match(/got 0\.0$/);
    expect(fault(patched(npyFile(dict), 7, 1, 1), 'INVALID_SYNTAX')).to.match(/got 1\.1$/);
  });

  it('refuses a header that is cut short', () => {
    for (const [major, end] of [
      [1, 9],
      [2, 11],
    ]) {
      const file = npyFile(dict, 0, major).subarray(0, end);
      expect(fault(file, 'INVALID_SYNTAX')).to.equal('expected the length of its header, got its end');
    }
    expect(fault(npyFile(dict).subarray(0, -1), 'TRUNCATED')).to.equal(
      `expected at most the ${dict.length - 1} bytes that follow, got ${dict.length}`,
    );
    expect(fault(patched(npyFile(dict, 0, 2), 8, 4, 0xffffffff), 'TRUNCATED')).to.match(/got 4294967295$/);
  });

  it('refuses a header longer than maxHeaderBytes, and takes one of just that length', () => {
    const file = npyFile(dict, 8);
    read(file, { ...LIMITS, maxHeaderBytes: dict.length });
    const limits = { ...LIMITS, maxHeaderBytes: dict.length - 1 };
    expect(fault(file, 'TOO_LARGE', limits)).to.equal(
      `expected at most ${dict.length - 1} bytes (limits.maxHeaderBytes), got ${dict.length}`,
    );
  });
});

describe('readNpyHeader', () => {
  it('reads the members in any order', () => {
    const dict = `{"shape": (2, 3), 'fortran_order': False, 'descr': '>f4'}\n`;
    expect(read(npyFile(dict, 24))).to.deep.equal({
      rest: 0,
      dtype: 'F32',
      littleEndian: false,
      shape: [2, 3],
      strides: undefined,
      dataBegin: 10 + dict.length,
    });
  });

  it("has strides for Fortran's order of several dimensions", () => {
    const strides = (shape: string, bytes: number) => {
      const header = read(npyFile(npyDict('|u1', shape, true), bytes));
      return 'refused' in header ? expect.fail() : header.strides;
    };
    expect(strides('(2, 3, 4)', 24)).to.deep.equal([1, 2, 6]);
    expect(strides('(3, 0, 2)', 0)).to.deep.equal([1, 3, 0]);
    expect(strides('(5,)', 5)).to.equal(undefined);
    expect(strides('()', 1)).to.equal(undefined);
  });

  it('counts what stands behind the array, as of a second numpy.save into the same file', () => {
    for (const rest of [0, 1, 152])
      expect(read(npyFile(npyDict('<f4', '(2, 3)'), 24 + rest))).to.have.property('rest', rest);
  });

  it('refuses less data than the array needs', () => {
    expect(fault(npyFile(npyDict('<f4', '(2, 3)'), 23), 'INVALID_TENSOR')).to.equal(
      'expected 24 bytes for F32 [2, 3], got 23',
    );
    expect(fault(npyFile(npyDict('<f8', '()'), 4), 'INVALID_TENSOR')).to.equal(
      'expected 8 bytes for F64 [], got 4',
    );
  });

  it('refuses sizes that cannot be counted', () => {
    for (const shape of [
      '(9007199254740993,)',
      '(4294967296, 4294967296)',
      '(9007199254740991,)',
      '(0, 99999999999999999999)',
    ]) {
      expect(fault(npyFile(npyDict('<f8', shape)), 'INVALID_TENSOR')).to.match(
        /^expected sizes whose product can be counted \(2\^53 - 1 bytes\), got F64 \[/,
      );
    }
  });

  it('refuses members that are missing, of another kind or too many', () => {
    const rule = 'expected a dtype, True or False, and a tuple under descr, fortran_order, shape, got ';
    for (const [dict, got] of [
      ['{}', 'nothing'],
      ["{'descr': '<f4', 'shape': ()}", '"descr": string, "shape": tuple'],
      [
        "{'descr': '<f4', 'fortran_order': 'False', 'shape': ()}",
        '"descr": string, "fortran_order": string, "shape": tuple',
      ],
      [
        "{'descr': '<f4', 'fortran_order': False, 'shape': ''}",
        '"descr": string, "fortran_order": boolean, "shape": string',
      ],
      [
        "{'descr': (), 'fortran_order': False, 'shape': ()}",
        '"descr": tuple, "fortran_order": boolean, "shape": tuple',
      ],
      [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': True}",
        '"descr": string, "fortran_order": boolean, "shape": tuple, "x": boolean',
      ],
    ]) {
      expect(fault(npyFile(dict, 4), 'INVALID_SYNTAX')).to.equal(rule + got);
    }
  });

  it('says why an array is not a tensor, whatever its size', () => {
    expect(read(npyFile(npyDict('|O', '(2,)'), 99)))
      .to.have.property('refused')
      .that.matches(/Python objects/);
    const records = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }";
    expect(read(npyFile(records, 8)))
      .to.have.property('refused')
      .that.matches(/named fields/);
  });

  it('decodes Latin-1 before version 3, and UTF-8 from there on', () => {
    const broken = Uint8Array.from([...utf8("{'descr': '"), 0xff]);
    expect(fault(npyFile(broken, 0, 3), 'INVALID_SYNTAX')).to.equal(
      'expected a header in UTF-8, got bytes that are not',
    );
    expect(fault(npyFile(broken, 0, 2), 'INVALID_SYNTAX')).to.equal(`expected a string, got "'ÿ"`);
  });
});
