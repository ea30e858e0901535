import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { parseSafetensorsMetadata } from '../../../src/state-dict/formats/safetensors/safetensors.js';
import { allocate, DTYPE_NAMES } from '../../../src/state-dict/tensors/dtypes.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { errorOf, expectSameBits, fixture, parseSafetensors } from '../support.js';

const F32 = (...values: number[]): TorchTensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('writeSafetensors', () => {
  it('writes every dtype byte for byte as the reference does', () => {
    const reference = fixture('reference/every_dtype.safetensors');
    const shuffled = new Map([...parseSafetensors(reference)].reverse());
    expect(Buffer.compare(writeSafetensors(shuffled), reference)).to.equal(0);
  });

  it('writes a module with metadata byte for byte as the reference does', () => {
    const reference = fixture('reference/module.safetensors');
    const stateDict = parseSafetensors(reference);
    expect(Buffer.compare(writeSafetensors(stateDict, { format: 'pt' }), reference)).to.equal(0);
    const metadata = parseSafetensorsMetadata(reference);
    expect(Buffer.compare(writeSafetensors(stateDict, metadata), reference)).to.equal(0);
  });

  it('writes an empty state_dict as a padded empty header', () => {
    const file = writeSafetensors(new Map());
    expect([...file]).to.deep.equal([8, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from('{}      ')]);
  });

  it('aligns every tensor, whatever the dtypes and odd sizes around it', () => {
    const stateDict: StateDict = new Map(
      DTYPE_NAMES.map((dtype) => [`the ${dtype}`, { dtype, shape: [4, 1], data: allocate(dtype, 4) }]),
    );
    const file = writeSafetensors(stateDict);
    const parsed = parseSafetensors(file);
    expect(parsed.size).to.equal(22);
    for (const [name, { data }] of parsed) expect(data.buffer, name).to.equal(file.buffer);
  });

  it('writes only the elements of a view into a larger buffer', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const parsed = parseSafetensors(writeSafetensors(new Map([['w', { dtype: 'F32', shape: [2], data }]])));
    expect(parsed.get('w')!.data).to.deep.equal(Float32Array.of(2, 3));
  });

  it('keeps metadata in the order given, __proto__ and escapes included', () => {
    const metadata = new Map([
      ['2', 'two'],
      ['1', 'one "quoted" \n'],
      ['__proto__', 'x'],
    ]);
    const file = writeSafetensors(new Map([['w', F32(1)]]), metadata);
    expect([...parseSafetensorsMetadata(file)]).to.deep.equal([...metadata]);
  });

  it('keeps the names of Object.prototype as tensor names', () => {
    const stateDict: StateDict = new Map([
      ['__proto__', F32(1)],
      ['constructor', F32(2)],
    ]);
    expectSameBits(parseSafetensors(writeSafetensors(stateDict)), stateDict);
  });

  it('takes a Map and metadata of another realm', () => {
    const foreign = runInNewContext(
      "({ map: new Map(), entries: new Map([['k', 'v']]), plain: { k: 'v' } })",
    );
    const stateDict: StateDict = foreign.map.set('w', F32(1));
    for (const metadata of [foreign.entries, foreign.plain]) {
      const file = writeSafetensors(stateDict, metadata);
      expectSameBits(parseSafetensors(file), new Map([['w', F32(1)]]));
      expect([...parseSafetensorsMetadata(file)]).to.deep.equal([['k', 'v']]);
    }
  });

  it('takes metadata without a prototype', () => {
    const metadata = Object.assign(Object.create(null), { k: 'v' });
    expect([...parseSafetensorsMetadata(writeSafetensors(new Map(), metadata))]).to.deep.equal([['k', 'v']]);
  });

  describe('refusals', () => {
    const cases: [
      string,
      StateDict,
      Record<string, string> | undefined,
      typeof TypeError | typeof RangeError,
      string,
    ][] = [
      [
        'an array of another kind than the dtype has',
        new Map([['w', { dtype: 'F16', shape: [1], data: Float32Array.of(1) }]]),
        undefined,
        TypeError,
        'writeSafetensors: tensor "w" data: expected a Uint16Array for F16, got Float32Array',
      ],
      [
        'data that does not fill the shape',
        new Map([['w', { dtype: 'F32', shape: [2, 3], data: new Float32Array(5) }]]),
        undefined,
        RangeError,
        'writeSafetensors: tensor "w" data: expected 24 bytes for F32 [2, 3], got 20',
      ],
      [
        'a negative size',
        new Map([['w', { dtype: 'F32', shape: [-1], data: new Float32Array(1) }]]),
        undefined,
        RangeError,
        'writeSafetensors: tensor "w" shape: expected an integer >= 0, got -1',
      ],
      [
        'sub-byte elements that end inside a byte',
        new Map([['w', { dtype: 'F4', shape: [3], data: new Uint8Array(2) }]]),
        undefined,
        RangeError,
        'writeSafetensors: tensor "w" data: expected 1.5 bytes for F4 [3], got 2',
      ],
      [
        'the name that the format keeps for itself',
        new Map([['__metadata__', F32(1)]]),
        undefined,
        RangeError,
        'writeSafetensors: tensor name: expected any but __metadata__, got "__metadata__"',
      ],
      [
        'a name that UTF-8 cannot hold',
        new Map([['a\ud800', F32(1)]]),
        undefined,
        RangeError,
        'writeSafetensors: tensor name: expected text without lone surrogates, got "a\\ud800"',
      ],
      [
        'metadata that is not text',
        new Map([['w', F32(1)]]),
        { epoch: 3 as unknown as string },
        TypeError,
        'writeSafetensors: metadata "epoch": expected a string, got 3',
      ],
      [
        'an object in place of a Map',
        { w: F32(1) } as unknown as StateDict,
        undefined,
        TypeError,
        'writeSafetensors: stateDict: expected a Map of name to tensor, got Object',
      ],
    ];
    for (const [fault, stateDict, metadata, type, text] of cases) {
      it(`name ${fault}`, () => {
        const error = errorOf(() => writeSafetensors(stateDict, metadata));
        expect(error).to.be.instanceOf(type);
        expect(error.message).to.equal(text);
      });
    }

    it('name metadata that is neither a Map nor a plain object', () => {
      for (const [metadata, got] of [
        ['pt', '"pt"'],
        [null, 'null'],
        [['pt'], '["pt"]'],
        [new Date(0), 'Date'],
      ]) {
        const error = errorOf(() =>
          writeSafetensors(new Map(), metadata as unknown as Record<string, string>),
        );
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.equal(
          `writeSafetensors: metadata: expected a Map or plain object of strings, got ${got}`,
        );
      }
    });

    it('name a dtype that is not one', () => {
      const tensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as unknown as TorchTensor;
      const error = errorOf(() => writeSafetensors(new Map([['w', tensor]])));
      expect(error.message).to.match(
        /^writeSafetensors: tensor "w": expected a dtype of BOOL, .* got "float32"$/,
      );
    });
  });
});
