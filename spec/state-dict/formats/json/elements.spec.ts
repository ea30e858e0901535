import { expect } from 'chai';
import { elementsOf, type ScalarKind } from '../../../../src/state-dict/formats/json/elements.js';
import { JsonReader } from '../../../../src/state-dict/formats/json/reader.js';
import type { TorchDtype } from '../../../../src/state-dict/tensors/tensor.js';
import { utf8, workFor } from '../../support.js';

/** What `text` becomes as an element of `dtype`; undefined where it is refused. */
function element(dtype: TorchDtype, text: string): number | bigint | undefined {
  const reader = new JsonReader(utf8(text), {
    where: 'json',
    unit: 'byte',
    maxDepth: 1,
    work: workFor(0),
    pythonNumbers: true,
  });
  const elements = elementsOf(dtype, 1)!;
  const taken = elements.put(reader, 0, reader.kind() as ScalarKind);
  reader.expectEnd();
  return taken ? elements.data[0] : undefined;
}

describe('elementsOf', () => {
  it('rounds numbers to the float dtypes', () => {
    expect(element('F32', '0.1')).to.equal(Math.fround(0.1));
    expect(element('F32', '1e39')).to.equal(Number.POSITIVE_INFINITY);
    expect(element('F64', '0.1')).to.equal(0.1);
    expect(element('F16', '-1.5')).to.equal(0xbe00);
    expect(element('BF16', '-1.5')).to.equal(0xbfc0);
  });

  it('takes NaN and the infinities for floats and for nothing else', () => {
    expect(element('F32', 'NaN')).to.deep.equal(Number.NaN);
    expect(element('F64', '-Infinity')).to.equal(Number.NEGATIVE_INFINITY);
    expect(element('F16', 'Infinity')).to.equal(0x7c00);
    for (const dtype of ['BOOL', 'U8', 'I32', 'I64'] as const) {
      expect(element(dtype, 'NaN'), dtype).to.equal(undefined);
      expect(element(dtype, 'Infinity'), dtype).to.equal(undefined);
    }
  });

  const RANGES: [TorchDtype, bigint, bigint][] = [
    ['U8', 0n, 255n],
    ['I8', -128n, 127n],
    ['U16', 0n, 65535n],
    ['I16', -32768n, 32767n],
    ['U32', 0n, 4294967295n],
    ['I32', -2147483648n, 2147483647n],
    ['U64', 0n, 18446744073709551615n],
    ['I64', -9223372036854775808n, 9223372036854775807n],
  ];
  for (const [dtype, min, max] of RANGES) {
    it(`takes integers from ${min} to ${max} as ${dtype}, exactly`, () => {
      expect(BigInt(element(dtype, `${min}`)!)).to.equal(min);
      expect(BigInt(element(dtype, `${max}`)!)).to.equal(max);
      expect(BigInt(element(dtype, `${max - 1n}`)!)).to.equal(max - 1n);
      expect(element(dtype, `${min - 1n}`)).to.equal(undefined);
      expect(element(dtype, `${max + 1n}`)).to.equal(undefined);
      expect(element(dtype, '0.5')).to.equal(undefined);
      expect(element(dtype, 'true')).to.equal(undefined);
      expect(elementsOf(dtype, 0)!.rule).to.equal(`an integer from ${min} to ${max}`);
    });
  }

  it('refuses 64-bit integers of endless digits without computing them', () => {
    expect(element('I64', '1'.repeat(5000))).to.equal(undefined);
    expect(() => element('I64', '1'.repeat(5001))).to.throw(
      'expected a number of at most 5000 characters, got 5001',
    );
  });

  it('takes -0 for the int that it is in Python, and -0.0 for a float', () => {
    for (const dtype of ['F32', 'F64'] as const)
      expect(['-0', '-0.0', '-0e0'].map((text) => Object.is(element(dtype, text), -0))).to.deep.equal([
        false,
        true,
        true,
      ]);
    expect(['-0', '-0.0'].map((text) => element('F16', text))).to.deep.equal([0, 0x8000]);
  });

  it('takes true, false, 0 and 1 as BOOL', () => {
    expect(['true', 'false', '1', '0'].map((text) => element('BOOL', text))).to.deep.equal([1, 0, 1, 0]);
    expect(element('BOOL', '2')).to.equal(undefined);
  });

  it('has no room for complex numbers and opaque floats', () => {
    for (const dtype of ['C64', 'F8_E4M3', 'F6_E2M3', 'F4'] as const) {
      expect(elementsOf(dtype, 1), dtype).to.equal(undefined);
    }
  });
});
