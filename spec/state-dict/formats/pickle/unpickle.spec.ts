import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { FormatError } from '../../../../src/errors.js';
import { asKind, type PickleValue } from '../../../../src/state-dict/formats/pickle/values.js';
import { errorOf } from '../../support.js';
import { bytesOfParts, int, read, readBytes, rootOf, text } from './support.js';

interface PickledValue {
  readonly value: unknown;
  readonly pickles: readonly string[];
}

const VALUES: readonly PickledValue[] = JSON.parse(
  readFileSync(new URL('../../../fixtures/pickle/values.json', import.meta.url), 'utf8'),
);

/** A value as `scripts/fixtures/make_pickle.py` spells it out. */
function spelt(value: PickleValue): unknown {
  if (value === null) return ['None'];
  if (typeof value === 'boolean') return ['bool', value];
  if (typeof value === 'number' || typeof value === 'bigint') return ['int', `${value}`];
  if (typeof value === 'string') return ['str', value];
  switch (value.kind) {
    case 'float': {
      const bits = Buffer.alloc(8);
      bits.writeDoubleBE(value.value);
      return ['float', bits.toString('hex')];
    }
    case 'int':
      return spelt(value.value);
    case 'bytes':
      return ['bytes', Buffer.from(value.bytes).toString('hex')];
    case 'dict':
      return ['dict', [...value.entries].map(([key, entry]) => [spelt(key), spelt(entry)])];
    case 'list':
    case 'tuple':
    case 'set':
      return [value.kind, value.items.map(spelt)];
    case 'call':
      return speltCall(asKind(value.callable, 'global')!.name, value.args.items);
    default:
      throw new Error(`a ${value.kind}`);
  }
}

/** Protocols below 4 have no sets, and those below 3 no bytes: they call for them. */
function speltCall(name: string, args: readonly PickleValue[]): unknown {
  if (name === 'encode') return ['bytes', Buffer.from(args[0] as string, 'latin1').toString('hex')];
  if (name === 'bytes') return ['bytes', ''];
  return ['set', asKind(args[0], 'list')!.items.map(spelt)];
}

describe('unpickle', () => {
  it('reads the values that Python pickles, in each of the protocols 2 to 5', () => {
    for (const { value, pickles } of VALUES) {
      for (const pickle of pickles) {
        const bytes = new Uint8Array(Buffer.from(pickle, 'base64'));
        const { root, end } = readBytes(bytes);
        expect(spelt(root)).to.deep.equal(value);
        expect(end).to.equal(bytes.length);
      }
    }
  });

  it('breaks off typed where any of those pickles does', () => {
    for (const { pickles } of VALUES) {
      for (const pickle of pickles) {
        const bytes = new Uint8Array(Buffer.from(pickle, 'base64'));
        for (let length = 0; length < Math.min(bytes.length, 200); length++) {
          const error = errorOf(() => readBytes(bytes.subarray(0, length))) as FormatError;
          expect(error.message, pickle).to.match(/expected (more bytes|UTF-8 text), got/);
          expect(error.code, pickle).to.be.oneOf(['TRUNCATED', 'INVALID_SYNTAX']);
        }
      }
    }
  });

  it('begins at the given offset, and says where the pickle ends', () => {
    const bytes = bytesOfParts('junk', '\x80\x02', int(5), '.', 'more');
    const { root, end } = readBytes(bytes, undefined, 4);
    expect(root).to.equal(5);
    expect(end).to.equal(bytes.length - 4);
  });

  it('keeps what is shared shared, and rings closed', () => {
    const list = asKind(rootOf(']q\x00h\x00ah\x00a'), 'list')!;
    expect(list.items).to.have.length(2);
    expect(list.items[0]).to.equal(list);
    expect(list.items[1]).to.equal(list);
    const dict = asKind(rootOf('}q\x01', text('self'), 'h\x01s'), 'dict')!;
    expect(dict.entries.get('self')).to.equal(dict);
  });

  it('refers twice to one value rather than copy it, however often that doubles', () => {
    // 2^200 leaves, were they copied.
    let value = rootOf(']', 'q\x00h\x00\x86'.repeat(200));
    for (let depth = 0; depth < 200; depth++) {
      const { items } = asKind(value, 'tuple')!;
      expect(items[0]).to.equal(items[1]);
      value = items[0];
    }
    expect(asKind(value, 'list')!.items).to.deep.equal([]);
  });

  it('appends 200,000 items at once', () => {
    const { items } = asKind(rootOf('](', 'K\x01'.repeat(200_000), 'e'), 'list')!;
    expect(items).to.have.length(200_000);
  });

  it('nests a million tuples', () => {
    let value = rootOf(')', bytesOfParts('\x85'.repeat(1_000_000)));
    let depth = 0;
    for (let inner = asKind(value, 'tuple'); inner?.items.length; inner = asKind(value, 'tuple')) {
      value = inner.items[0];
      depth++;
    }
    expect(depth).to.equal(1_000_000);
  });

  it('takes __proto__ for a key like any other', () => {
    const { entries } = asKind(rootOf('}', text('__proto__'), '}', text('polluted'), '\x88ss'), 'dict')!;
    expect([...entries.keys()]).to.deep.equal(['__proto__']);
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
  });

  it('tells the int 0 from the text "0", and lets a later value of a key replace an earlier one', () => {
    const { entries } = asKind(rootOf('}(', int(0), 'N', text('0'), '\x88', int(0), '\x89u'), 'dict')!;
    expect([...entries]).to.deep.equal([
      [{ kind: 'int', value: 0 }, false],
      ['0', true],
    ]);
  });

  it('collects the names and the references that a pickle gives', () => {
    const parts = ['cos\nsystem\n', text('a'), '\x85Q\x86', 'cos\nsystem\n', '\x86'] as const;
    const { root, globals, persistent } = read(...parts);
    const [inner, last] = asKind(root, 'tuple')!.items;
    expect(asKind(inner, 'tuple')!.items[0]).to.equal(last);
    expect(last).to.equal(globals[0]);
    expect(globals).to.deep.equal([{ kind: 'global', module: 'os', name: 'system', fullName: 'os.system' }]);
    expect(persistent).to.deep.equal([{ kind: 'persistent', id: { kind: 'tuple', items: ['a'] } }]);
  });

  describe('given a hostile pickle', () => {
    /** Calls that run a command, in the forms that scanners of pickles have missed. */
    const CALLS = [
      ['os', 'system'],
      ['posix', 'system'],
      ['nt', 'system'],
      ['builtins', 'eval'],
      ['builtins', 'exec'],
      ['__builtin__', 'eval'],
      ['subprocess', 'Popen'],
      ['pip', 'main'],
      ['pip._internal.cli.main', 'main'],
      ['pkgutil', 'resolve_name'],
      ['runpy', '_run_code'],
      ['operator', 'attrgetter'],
      ['functools', 'partial'],
      ['torch.hub', 'load'],
      ['torch.jit.unsupported_tensor_ops', 'execWrapper'],
      ['numpy.testing._private.utils', 'runstring'],
      ['constructor', '__proto__'],
      ['globalThis', 'process.exit'],
    ] as const;

    for (const [module, name] of CALLS) {
      it(`makes of a call of ${module}.${name} a record, and no more`, () => {
        const canary = 'globalThis.canary = true';
        const viaGlobal = `c${module}\n${name}\n`;
        const viaStack = bytesOfParts(text(module), text(name), '\x93');
        for (const callable of [viaGlobal, viaStack]) {
          for (const opcode of ['R', '\x81']) {
            const call = asKind(rootOf(callable, text(canary), '\x85', opcode, '}b'), 'call')!;
            expect(call.callable).to.deep.include({ kind: 'global', module, name });
            expect(call.args.items).to.deep.equal([canary]);
          }
        }
        expect('canary' in globalThis).to.equal(false);
      });
    }

    it('reports what runs before the pickle is broken as data too', () => {
      const run = bytesOfParts('cos\nsystem\n', text('id'), '\x85R0');
      const error = errorOf(() => read(run, 'X\xff\xff\xff\xff'));
      expect(error).to.have.property('code', 'TRUNCATED');
      expect(error.message).to.match(/BINUNICODE\): expected more bytes, got the end/);
      expect(read(run, 'N').globals).to.have.length(1);
    });

    it('stops ten million marks or lists inside each other at the limit of steps', () => {
      for (const opcode of '(]') {
        const error = errorOf(() => rootOf(bytesOfParts(opcode.repeat(10_000_000)))) as FormatError;
        expect(error.code).to.equal('TOO_LARGE');
        expect(error.message).to.match(/expected at most 6465536 steps for its values and names/);
      }
    });
  });

  it('refuses instructions that build no data', () => {
    for (const opcode of ['P', '\x82', '\x83', '\x84', '\x97', '\x98', '\xff', '\0']) {
      const name = `0x${opcode.charCodeAt(0).toString(16).padStart(2, '0')}`;
      const error = errorOf(() => rootOf(opcode)) as FormatError;
      expect(error.code).to.equal('INVALID_SYNTAX');
      expect(error.message).to.equal(
        `pickle: spec byte 2 (${name}): expected an instruction that builds data, got ${name}`,
      );
    }
  });

  it('given any bytes returns a value or throws a FormatError', () => {
    const opcode = fc.constantFrom(
      ...'(01KMJNRbcaest}]uX)QqhU\x80\x81\x85\x86\x87\x88\x8a\x8c\x8f\x90\x91\x93\x94',
    );
    const part = fc.oneof(
      opcode,
      fc.constantFrom('K\x01', 'cos\nsystem\n', 'X\x01\0\0\0a', ')', ']', '}', 'q\x01', 'h\x01', '\x8c\x01b'),
      fc.string({ unit: 'binary', maxLength: 3 }).map((noise) => noise.replace(/[^\0-\xff]/g, '')),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        expect(outcome(() => read(...parts))).to.be.oneOf(['value', 'error']);
      }),
      { seed: 20261125, numRuns: 5000 },
    );
  });

  it('given any change to a pickle returns a value or throws a FormatError', () => {
    const pickles = VALUES.flatMap(({ pickles: all }) => all).map((base64) => Buffer.from(base64, 'base64'));
    const place = fc.nat({ max: 5000 });
    fc.assert(
      fc.property(
        fc.constantFrom(...pickles),
        fc.array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (pickle, changes) => {
          const bytes = new Uint8Array(pickle);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          expect(outcome(() => readBytes(bytes))).to.be.oneOf(['value', 'error']);
        },
      ),
      { seed: 20261125, numRuns: 5000 },
    );
  });
});

/** Fails on every error but a FormatError. */
function outcome(run: () => unknown): 'value' | 'error' {
  try {
    run();
    return 'value';
  } catch (error) {
    if (error instanceof FormatError) return 'error';
    throw error;
  }
}
