import { expect } from 'chai';
import { FormatError } from '../../../../src/errors.js';
import { parseSafetensorsMetadata } from '../../../../src/state-dict/formats/safetensors/safetensors.js';
import type { FormatCode } from '../../../../src/state-dict/rules/format-codes.js';
import type { StateDict } from '../../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../../src/state-dict/write/safetensors.js';
import { bytesOf, errorOf, fixture, parseSafetensors, safetensorsFile } from '../../support.js';

/** The code and the words that stand for each verdict of the reference implementation. */
const FAULTS: Readonly<Record<string, readonly [codes: readonly FormatCode[], words: RegExp]>> = {
  HeaderTooSmall: [['TRUNCATED'], /header: expected 8 bytes of length/],
  HeaderTooLarge: [['TOO_LARGE'], /header: expected at most \d+ bytes \(limits\.maxHeaderBytes\)/],
  InvalidHeaderLength: [['TRUNCATED'], /header: expected at most the \d+ bytes that follow/],
  InvalidHeader: [['INVALID_SYNTAX'], /header: expected UTF-8 text/],
  // The reference has one error for all of serde; here each rule has its own.
  InvalidHeaderDeserialization: [
    ['INVALID_SYNTAX', 'INVALID_STRUCTURE', 'UNKNOWN_DTYPE', 'DUPLICATE_NAME', 'TOO_LARGE'],
    /^(?!.*UTF-8 text)safetensors: (header byte \d+|header|__metadata__.*|tensor ".*): expected/,
  ],
  InvalidOffset: [['INCONSISTENT'], /expected data_offsets (in order|to begin at)/],
  ValidationOverflow: [['INVALID_TENSOR'], /expected sizes whose product can be counted/],
  MisalignedSlice: [['INVALID_TENSOR'], /expected whole bytes for/],
  TensorInvalidInfo: [['INVALID_TENSOR'], /expected \d+ bytes for .* got data_offsets/],
  MetadataIncompleteBuffer: [['TRUNCATED', 'TRAILING_BYTES'], /file: expected \d+ bytes \(8 \+ header/],
};

/** Where this reader judges otherwise than the reference, and why. */
const DEVIATIONS: Readonly<Record<string, { code: FormatCode; reason: string }>> = {
  '02_dup_key_identical': {
    code: 'DUPLICATE_NAME',
    reason: 'the format disallows it; the reference lets the last win',
  },
  '03_dup_key_last_valid': {
    code: 'DUPLICATE_NAME',
    reason: 'the format disallows it; the reference lets the last win',
  },
  '38_escaped_dup': {
    code: 'DUPLICATE_NAME',
    reason: '\\u0061 is a: refused as a duplicate before offsets are looked at',
  },
  '46_zero_then_huge': {
    code: 'INVALID_TENSOR',
    reason: 'sizes beyond 2^53 - 1 are no JavaScript integers',
  },
  '47_2pow53plus1': {
    code: 'INVALID_TENSOR',
    reason: 'sizes beyond 2^53 - 1 are no JavaScript integers',
  },
  '60_tensorinfo_as_array': {
    code: 'INVALID_STRUCTURE',
    reason: 'a list for a struct is a quirk of serde, not the format',
  },
  '68_metadata_dup_inner': {
    code: 'DUPLICATE_NAME',
    reason: 'the format disallows it; the reference lets the last win',
  },
  '72_dtype_as_object': {
    code: 'INVALID_STRUCTURE',
    reason: 'an object for an enum is a quirk of serde, not the format',
  },
  '80_dup_confusion': {
    code: 'DUPLICATE_NAME',
    reason: 'two readers could each see another tensor: an attack',
  },
};

/** The words of those, by their code. */
const DEVIATING: Partial<Record<FormatCode, RegExp>> = {
  DUPLICATE_NAME: /expected each name once per object/,
  INVALID_TENSOR: /expected sizes whose product can be counted/,
  INVALID_STRUCTURE: /expected (an object|a string), got/,
};

interface Verdict {
  readonly name: string;
  readonly verdict: string;
  readonly detail: string;
}

const VERDICTS: Verdict[] = new TextDecoder()
  .decode(fixture('safetensors-verdicts.tsv'))
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [name, verdict, detail = ''] = line.split('\t');
    return { name, verdict, detail };
  });

/** A state_dict as the verdicts describe one: sorted by name. */
function describeStateDict(stateDict: StateDict): string {
  return [...stateDict]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => {
      const shape = `[${tensor.shape.join(', ')}]`;
      const quoted = JSON.stringify(name).replace('\\u0000', '\\0');
      return `${quoted}:${tensor.dtype}${shape}:${tensor.data.byteLength}B`;
    })
    .join(' ');
}

/** Data bytes of a file, all tensors in the order of their offsets, which in every accepted vector is by name, `e` last. */
function dataBytes(file: Uint8Array): Uint8Array {
  return file.subarray(8 + new DataView(file.buffer).getUint32(0, true));
}

function oneTensor(fields: string, data: number): Uint8Array {
  return safetensorsFile(`{"weight_ih_l0":{${fields}}}`, new Uint8Array(data));
}

describe('parseSafetensors', () => {
  describe('edge cases judged by the reference implementation', () => {
    it('cover 75 files, each listed once', () => {
      expect(new Set(VERDICTS.map(({ name }) => name)).size).to.equal(75);
      expect(VERDICTS.map(({ name }) => name)).to.include.members(Object.keys(DEVIATIONS));
    });

    for (const { name, verdict, detail } of VERDICTS) {
      const deviation = DEVIATIONS[name];
      const file = fixture(`vectors/${name}`);
      if (deviation) {
        it(`refuses ${name} as ${deviation.code}, unlike the reference: ${deviation.reason}`, () => {
          const error = errorOf(() => parseSafetensors(file));
          expect(error).to.be.instanceOf(FormatError).with.property('code', deviation.code);
          expect(error.message).to.match(DEVIATING[deviation.code] as RegExp);
        });
      } else if (verdict === 'OK') {
        it(`reads ${name} as the reference does`, () => {
          const stateDict = parseSafetensors(file);
          expect(describeStateDict(stateDict)).to.equal(detail);
          const total = [...stateDict.values()].reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
          expect(total).to.equal(dataBytes(file).length);
        });
      } else {
        it(`refuses ${name} as the reference does: ${verdict}`, () => {
          const error = errorOf(() => parseSafetensors(file));
          expect(error).to.be.instanceOf(FormatError);
          const [codes, words] = FAULTS[verdict]!;
          expect(codes).to.include(error.code);
          expect(error.message).to.match(words);
          expect(error.message).to.match(/^safetensors: .+: expected .+, got .+/s);
        });
      }
    }
  });

  it('gives each tensor the bytes between its own offsets, in the order of the header', () => {
    const header =
      '{"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"I8","shape":[3],"data_offsets":[0,3]}}';
    const stateDict = parseSafetensors(safetensorsFile(header, [1, 2, 0xff, 4, 5]));
    expect([...stateDict.keys()]).to.deep.equal(['b', 'a']);
    expect(stateDict.get('b')!.data).to.deep.equal(Uint8Array.of(4, 5));
    expect(stateDict.get('a')!.data).to.deep.equal(Int8Array.of(1, 2, -1));
  });

  it('reads every dtype that torch writes with the values torch wrote', () => {
    const stateDict = parseSafetensors(fixture('reference/every_dtype.safetensors'));
    const data = (name: string) => stateDict.get(name)!.data;
    expect(data('bool')).to.deep.equal(Uint8Array.of(1, 0, 1));
    expect(data('i8')).to.deep.equal(Int8Array.of(-128, 5, 127));
    expect(data('u8')).to.deep.equal(Uint8Array.of(0, 5, 255));
    expect(data('i16')).to.deep.equal(Int16Array.of(-32768, 5, 32767));
    expect(data('u16')).to.deep.equal(Uint16Array.of(0, 5, 65535));
    expect(data('i32')).to.deep.equal(Int32Array.of(-2147483648, 5, 2147483647));
    expect(data('u32')).to.deep.equal(Uint32Array.of(0, 5, 4294967295));
    expect(data('i64')).to.deep.equal(BigInt64Array.of(-(2n ** 63n), 5n, 2n ** 63n - 1n));
    expect(data('u64')).to.deep.equal(BigUint64Array.of(0n, 5n, 2n ** 64n - 1n));
    expect(data('f32')[3]).to.equal(Math.fround(1 / 3));
    expect(data('f64')[3]).to.equal(1 / 3);
    expect(data('f16')[0]).to.equal(0x7bff);
    expect(data('bf16')[0]).to.equal(0x7f7f);
    expect(data('c64')).to.deep.equal(Float32Array.of(1, 2, -0, -3.5));
    expect(data('f8_e4m3')).to.deep.equal(Uint8Array.of(0x38, 0x40, 0x30));
    expect(stateDict.get('scalar')).to.deep.include({ dtype: 'I64', shape: [] });
    expect(stateDict.get('empty')!.shape).to.deep.equal([0, 3]);
  });

  describe('memory', () => {
    it('views the file in place where offsets are aligned', () => {
      const file = writeSafetensors(
        new Map([
          ['w', { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }],
          ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(4n) }],
        ]),
      );
      for (const { data } of parseSafetensors(file).values()) expect(data.buffer).to.equal(file.buffer);
    });

    it('loads a 100 MB tensor without a second copy', () => {
      const floats = 25_000_000;
      const header = `{"w":{"dtype":"F32","shape":[${floats}],"data_offsets":[0,${floats * 4}]}}`;
      const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
      const file = safetensorsFile(padded, new Uint8Array(floats * 4));
      const before = process.memoryUsage().arrayBuffers;
      const { data } = parseSafetensors(file).get('w')!;
      expect(data.buffer).to.equal(file.buffer);
      expect(data).to.have.length(floats);
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(1_000_000);
    });

    it('copies only the tensor whose offset is not aligned', () => {
      const header =
        '{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
      const file = safetensorsFile(header, [9, 0, 0, 0x80, 0x3f]);
      const stateDict = parseSafetensors(file);
      expect(stateDict.get('u')!.data.buffer).to.equal(file.buffer);
      expect(stateDict.get('a')!.data.buffer).not.to.equal(file.buffer);
      expect(stateDict.get('a')!.data).to.deep.equal(Float32Array.of(1));
    });

    it('copies out of a Buffer, whose own slice would share memory at an unaligned offset', () => {
      const file = fixture('vectors/01_ok');
      for (let shift = 0; shift < 8; shift++) {
        const pool = Buffer.alloc(file.length + 8);
        pool.set(file, shift);
        const tensor = parseSafetensors(pool.subarray(shift, shift + file.length)).get('a')!;
        expect(bytesOf(tensor), `shift ${shift}`).to.deep.equal(dataBytes(file));
      }
    });

    it('accepts an ArrayBuffer', () => {
      expect(parseSafetensors(fixture('vectors/01_ok').buffer).get('a')!.shape).to.deep.equal([2, 2]);
    });
  });

  describe('messages', () => {
    const cases: [string, Uint8Array, FormatCode, string][] = [
      [
        'a size that is not dtype times shape',
        oneTensor('"dtype":"F32","shape":[9,2],"data_offsets":[0,60]', 60),
        'INVALID_TENSOR',
        'safetensors: tensor "weight_ih_l0": expected 72 bytes for F32 [9, 2], got data_offsets [0, 60]',
      ],
      [
        'a hole',
        oneTensor('"dtype":"U8","shape":[2],"data_offsets":[4,6]', 6),
        'INCONSISTENT',
        'safetensors: tensor "weight_ih_l0": expected data_offsets to begin at 0, where the data before it ends, got [4, 6]',
      ],
      [
        'a negative offset',
        oneTensor('"dtype":"U8","shape":[2],"data_offsets":[0,-2]', 2),
        'INVALID_STRUCTURE',
        'safetensors: tensor "weight_ih_l0" data_offsets: expected unsigned 64-bit integers, got -2',
      ],
      [
        'a file cut short',
        oneTensor('"dtype":"F32","shape":[2],"data_offsets":[0,8]', 7),
        'TRUNCATED',
        'safetensors: file: expected 81 bytes (8 + header 65 + data 8), got 80. It is cut short',
      ],
      [
        'bytes to spare',
        oneTensor('"dtype":"F32","shape":[2],"data_offsets":[0,8]', 9),
        'TRAILING_BYTES',
        'safetensors: file: expected 81 bytes (8 + header 65 + data 8), got 82. The last bytes belong to no tensor',
      ],
      [
        'a name given twice',
        safetensorsFile('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}'),
        'DUPLICATE_NAME',
        'safetensors: header byte 53: expected each name once per object, got "a" again',
      ],
      [
        'sub-byte elements that end inside a byte',
        oneTensor('"dtype":"F6_E2M3","shape":[3],"data_offsets":[0,2]', 2),
        'INVALID_TENSOR',
        'safetensors: tensor "weight_ih_l0": expected whole bytes for F6_E2M3 [3], got 18 bits',
      ],
      [
        'a missing field',
        oneTensor('"dtype":"F32","shape":[2]', 8),
        'INVALID_STRUCTURE',
        'safetensors: tensor "weight_ih_l0": expected fields dtype, shape and data_offsets, got no data_offsets',
      ],
    ];
    for (const [fault, file, code, text] of cases) {
      it(`name tensor, rule and value for ${fault}`, () => {
        const error = errorOf(() => parseSafetensors(file));
        expect(error.message).to.equal(text);
        expect(error.code).to.equal(code);
      });
    }

    it('name an unknown dtype, the tensor that has it, and the known ones', () => {
      const error = errorOf(() =>
        parseSafetensors(oneTensor('"dtype":"F128","shape":[],"data_offsets":[0,16]', 16)),
      );
      expect(error.message).to.match(
        /^safetensors: tensor "weight_ih_l0": expected a dtype of BOOL, .*, got "F128"$/,
      );
      expect(error.code).to.equal('UNKNOWN_DTYPE');
    });
  });

  it('refuses 1,000 tensors that share one region of 160 kB', () => {
    const entries = Array.from(
      { length: 1000 },
      (_, i) => `"t${i}":{"dtype":"F32","shape":[200,200],"data_offsets":[0,160000]}`,
    );
    const file = safetensorsFile(`{${entries.join(',')}}`, new Uint8Array(160000));
    expect(errorOf(() => parseSafetensors(file)).message).to.match(
      /expected data_offsets to begin at 160000/,
    );
  });
});

describe('parseSafetensorsMetadata', () => {
  it('returns what the file keeps under __metadata__', () => {
    const metadata = parseSafetensorsMetadata(fixture('reference/module.safetensors'));
    expect(metadata).to.deep.equal(new Map([['format', 'pt']]));
  });

  it('is empty for null, as some writers put it, and for none', () => {
    expect(parseSafetensorsMetadata(fixture('vectors/08_metadata_null')).size).to.equal(0);
    expect(parseSafetensorsMetadata(fixture('vectors/01_ok')).size).to.equal(0);
  });

  it('keeps the key __proto__', () => {
    const metadata = parseSafetensorsMetadata(safetensorsFile('{"__metadata__":{"__proto__":"x"}}'));
    expect(metadata).to.deep.equal(new Map([['__proto__', 'x']]));
  });

  it('refuses options that it does not know', () => {
    const file = writeSafetensors(new Map());
    expect(errorOf(() => parseSafetensorsMetadata(file, { format: 'json' } as object)).message).to.equal(
      'parseSafetensorsMetadata: format: expected one of limits, got unknown option "format"',
    );
  });

  it('checks the whole file as parseSafetensors does', () => {
    expect(errorOf(() => parseSafetensorsMetadata(fixture('vectors/23_trailing_bytes'))).code).to.equal(
      'TRAILING_BYTES',
    );
  });
});
