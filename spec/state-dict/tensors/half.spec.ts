import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { halfTable, toBfloat16Bits, toHalfBits } from '../../../src/state-dict/tensors/half.js';
import { fixturePath } from '../support.js';

interface Rounding {
  readonly half: readonly [number, number][];
  readonly bfloat16: readonly [number, number][];
}

/** Numbers and the bits that torch rounds them to. */
const ROUNDING: Rounding = JSON.parse(readFileSync(fixturePath('reference/rounding.json'), 'utf8'));

/** A half by bit surgery alone: its fields moved into a float32, subnormals normalised. No arithmetic on values. */
function halfByBits(half: number): number {
  const view = new DataView(new ArrayBuffer(4));
  const sign = (half & 0x8000) << 16;
  let exponent = (half >> 10) & 0x1f;
  let mantissa = half & 0x3ff;
  if (exponent === 0x1f) exponent = 0xff - 112;
  else if (exponent === 0 && mantissa !== 0) {
    exponent = 1;
    for (; (mantissa & 0x400) === 0; mantissa <<= 1) exponent--;
    mantissa &= 0x3ff;
  } else if (exponent === 0) exponent = -112;
  view.setInt32(0, sign | ((exponent + 112) << 23) | (mantissa << 13));
  return view.getFloat32(0);
}

describe('halfTable', () => {
  it('holds the value of each of the 65,536 codes', () => {
    const table = halfTable();
    expect(table).to.have.length(65536);
    for (let half = 0; half < 65536; half++) {
      if (!Object.is(table[half], halfByBits(half))) expect.fail(`code ${half}: ${table[half]}`);
    }
  });

  it('knows the landmarks of IEEE binary16', () => {
    const table = halfTable();
    expect(table[0x3c00]).to.equal(1);
    expect(table[0xc000]).to.equal(-2);
    expect(table[0x7bff]).to.equal(65504);
    expect(table[0x0001]).to.equal(2 ** -24);
    expect(table[0x0400]).to.equal(2 ** -14);
    expect(table[0x7c00]).to.equal(Number.POSITIVE_INFINITY);
    expect(table[0x8000]).to.equal(-0);
    expect(table[0x7e00]).to.deep.equal(Number.NaN);
  });
});

describe('toHalfBits', () => {
  it('returns to the code of every value', () => {
    const table = halfTable();
    for (let half = 0; half < 65536; half++) {
      const noNumber = (half & 0x7fff) > 0x7c00;
      const expected = noNumber ? (half & 0x8000) | 0x7e00 : half;
      const bits = toHalfBits(table[half]);
      if (noNumber ? (bits & 0x7fff) !== 0x7e00 : bits !== expected) expect.fail(`code ${half}: ${bits}`);
    }
  });

  it('rounds as torch does', () => {
    for (const [value, bits] of ROUNDING.half) {
      expect(toHalfBits(value), `${value}`).to.equal(bits);
      expect(toHalfBits(-value), `${-value}`).to.equal(bits | 0x8000);
    }
  });

  it('rounds the middle between two neighbours to the even one, and past it to the nearer', () => {
    const table = halfTable();
    for (let half = 0; half < 0x7bff; half++) {
      const middle = (table[half] + table[half + 1]) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      const step = middle * 2 ** -20;
      const got = [toHalfBits(middle - step), toHalfBits(middle), toHalfBits(middle + step)];
      if (String(got) !== String([half, even, half + 1])) expect.fail(`code ${half}: ${got}`);
    }
  });
});

describe('toBfloat16Bits', () => {
  it('rounds as torch does', () => {
    for (const [value, bits] of ROUNDING.bfloat16) expect(toBfloat16Bits(value), `${value}`).to.equal(bits);
  });

  it('returns to the code of every value', () => {
    const float = new Float32Array(1);
    const bits = new Uint32Array(float.buffer);
    for (let code = 0; code < 65536; code++) {
      bits[0] = code << 16;
      const expected = Number.isNaN(float[0]) ? 0x7fc0 : code;
      if (toBfloat16Bits(float[0]) !== expected) expect.fail(`code ${code}: ${toBfloat16Bits(float[0])}`);
    }
  });
});
