/** Structures that share what they hold: values met many times, names that are repeated, dicts of the same members. */

import { gzipSync } from 'node:zlib';
import { bytesOfParts, int, le, type Part, text } from '../../state-dict/formats/pickle/support.js';
import {
  floats,
  ints,
  NO_HOOKS,
  pickled,
  storagePart,
  tensorPart,
} from '../../state-dict/formats/torch/support.js';
import { writeZip } from '../../state-dict/formats/zip/support.js';
import { utf8 } from '../../state-dict/support.js';
import type { Random } from '../../support/random.js';
import type { FuzzInput } from './formats.js';

const REBUILD = 'ctorch._utils\n_rebuild_tensor_v2\n';
const KEYS = ['w', 'model', 'state_dict', 'optimizer', 'bias', '0', ''];

/** Mostly a few times, and sometimes thousands. */
function count(random: Random, most: number): number {
  return Math.ceil(most ** random.next());
}

/** A pickle that keeps values in the memo, and refers to them many times. */
class SharedPickle {
  private readonly parts: Part[] = [];
  private kept = 0;

  constructor(private readonly random: Random) {}

  make(): Uint8Array {
    const { random } = this;
    this.keep(storagePart('FloatStorage', '0', 4));
    this.keep(tensorPart(storagePart('FloatStorage', '0', 4), 0, ints(2), ints(1)));
    const values = random.integer(3, 40);
    for (let i = 0; i < values; i++) this.keep(this.value());
    const root = bytesOfParts('}', this.items(count(random, 1500), 's'));
    return pickled(...this.parts, root, text('w'), this.old(), 's');
  }

  private keep(value: Part): void {
    this.parts.push(bytesOfParts(value, 'r', le(this.kept++, 4), '0'));
  }

  /** A reference to a value that is kept. */
  private old(): Part {
    const index = this.random.integer(0, this.kept - 1);
    return index < 256 ? bytesOfParts('h', le(index, 1)) : bytesOfParts('j', le(index, 4));
  }

  private key(i: number): Part {
    const { random } = this;
    if (random.chance(0.6)) return int(i);
    return random.chance(0.5) ? text(random.pick(KEYS)) : this.old();
  }

  /** So many items of a list, or entries of a dict. */
  private items(most: number, kind: 'a' | 's'): Part {
    const same = this.random.chance(0.5) ? this.old() : undefined;
    const parts = Array.from({ length: most }, (_, i) =>
      bytesOfParts(kind === 's' ? this.key(i) : '', same ?? this.old(), kind),
    );
    return bytesOfParts(...parts);
  }

  private value(): Part {
    const { random } = this;
    switch (random.integer(0, 11)) {
      case 0:
        return text('k'.repeat(count(random, 20_000)));
      case 1:
        return text(random.pick(KEYS));
      case 2:
        return longInt(random);
      case 3:
        return bytesOfParts(']', 'Na'.repeat(count(random, 5000)));
      case 4:
        return bytesOfParts(']', this.items(count(random, 300), 'a'));
      case 5:
        return bytesOfParts('}', this.items(count(random, 300), 's'));
      case 6:
        return bytesOfParts('(', this.old(), this.old(), this.old(), 't');
      case 7:
        return bytesOfParts(')', '\x85'.repeat(count(random, 5000)));
      case 8:
        return bytesOfParts('cmodule\nfunction\n', random.chance(0.1) ? this.old() : 'N', '\x85R');
      case 9:
        return bytesOfParts(
          text('m'.repeat(count(random, 1500))),
          text('n'.repeat(count(random, 500))),
          '\x93',
        );
      case 10:
        return bytesOfParts(
          'ccollections\nOrderedDict\n](',
          `${'h\x01h\x01\x86'.repeat(count(random, 300))}e\x85R`,
        );
      default:
        return bytesOfParts(
          REBUILD,
          '(h\x00K\x00',
          ints(2),
          ints(1),
          '\x89',
          NO_HOOKS,
          random.chance(0.9) ? '}' : this.old(),
          'tR',
        );
    }
  }
}

function longInt(random: Random): Part {
  const bytes = random.integer(1, 255);
  return bytesOfParts('\x8b', le(bytes, 4), '\x7f'.repeat(bytes));
}

/** JSON text whose objects have the same names, in lists and objects inside each other. */
function sharedJson(random: Random): Uint8Array {
  const value = (depth: number): string => {
    const kind = random.integer(0, depth > 4 ? 3 : 6);
    if (kind === 0) return '[1, 2]';
    if (kind === 1) return '""';
    if (kind === 2) return '[1, []]';
    if (kind === 3) return '{"shape": [1], "data": [1]}';
    if (kind === 4) return `${'['.repeat(60)}1${', []'.repeat(count(random, 500))}${']'.repeat(60)}`;
    const members = Array.from({ length: count(random, depth === 0 ? 3000 : 20) }, (_, i) => {
      const name = random.chance(0.1) ? random.pick(KEYS) : i.toString(36);
      return `"${name}": ${value(depth + 1)}`;
    });
    return `{${[...new Set(members)].join(', ')}}`;
  };
  return utf8(`{"w": [1], "a": ${value(0)}, "b": ${value(0)}}`);
}

/** A pickle in an archive, deflated or not, or in the older layout; JSON text; any of them in gzip. */
export function sharedStructures(random: Random): FuzzInput {
  const bytes = random.chance(0.3) ? sharedJson(random) : inFile(new SharedPickle(random).make(), random);
  return { bytes: random.chance(0.1) ? new Uint8Array(gzipSync(bytes)) : bytes };
}

function inFile(data: Uint8Array, random: Random): Uint8Array {
  const storage = floats(1, 2, 3, 4);
  if (random.chance(0.7)) {
    return writeZip([
      { name: 'a/data.pkl', data, deflate: random.chance(0.5) },
      { name: 'a/version', data: utf8('3\n') },
      { name: 'a/data/0', data: storage },
    ]).bytes;
  }
  const magic = pickled('\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19');
  const keys = pickled(']', text('0'), 'a');
  return bytesOfParts(magic, pickled('M\xe9\x03'), pickled('}'), data, keys, le(4, 4), le(0, 4), storage);
}
