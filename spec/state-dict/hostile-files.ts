/** Files that ask for much with few bytes, by the number of times that they ask. */

import { gzipSync } from 'node:zlib';
import { npyDict, npyFile } from './formats/numpy/support.js';
import { bytesOfParts, int, type Part, text, tuple } from './formats/pickle/support.js';
import { floats, ints, NO_HOOKS, pickled, storagePart, tensorPart } from './formats/torch/support.js';
import { writeZip } from './formats/zip/support.js';
import { safetensorsFile, utf8 } from './support.js';

export type HostileFile = (count: number) => Uint8Array;

const STORAGE = storagePart('FloatStorage', '0', 4);
const TENSOR = tensorPart(STORAGE, 0, ints(2), ints(1));
const REBUILD = 'ctorch._utils\n_rebuild_tensor_v2\n';

/** Puts the value on top into the memo, and takes it from the stack. */
const keep = (index: number): Part => bytesOfParts('q', Uint8Array.of(index), '0');
const get = (index: number): Part => bytesOfParts('h', Uint8Array.of(index));

function times(count: number, part: (i: number) => Part): Part {
  return bytesOfParts(...Array.from({ length: count }, (_, i) => part(i)));
}

/** An archive with the pickle of a dict: a tensor `w`, and entries after it. */
function archive(deflate: boolean, ...entries: readonly Part[]): Uint8Array {
  const pickle = pickled('}', text('w'), TENSOR, 's', ...entries);
  return writeZip([
    { name: 'a/data.pkl', data: pickle, deflate },
    { name: 'a/version', data: utf8('3\n') },
    { name: 'a/data/0', data: floats(1, 2, 3, 4) },
  ]).bytes;
}

/** A program with many weights, all of one storage. */
function program(count: number, meta: (i: number) => object): Uint8Array {
  const size = { sizes: [{ as_int: 2 }], strides: [{ as_int: 1 }], storage_offset: { as_int: 0 } };
  const config = Array.from({ length: count }, (_, i) => [
    `w${i}`,
    { path_name: 'all', use_pickle: false, tensor_meta: { dtype: 7, ...size, ...meta(i) } },
  ]);
  const folder = 'a/data/weights/';
  return writeZip([
    { name: 'a/models/model.json', data: utf8('') },
    {
      name: `${folder}model_weights_config.json`,
      data: utf8(JSON.stringify({ config: Object.fromEntries(config) })),
    },
    { name: `${folder}all`, data: new Uint8Array(4096) },
  ]).bytes;
}

/** An entry of a dict with a number as its key. */
const entry = (i: number, value: Part): Part => bytesOfParts(int(i), value, 's');

const object = (count: number, value: string): string =>
  `{${Array.from({ length: count }, (_, i) => `"${i.toString(36)}":${value}`).join(',')}}`;

/** A long list, and as many objects that have it as an argument. */
function sharedList(count: number): Part[] {
  return [
    '](',
    'N'.repeat(count),
    'e',
    keep(0),
    times(count, (i) => entry(i, bytesOfParts('cm\nf\n', get(0), '\x85R'))),
  ];
}

/** A tuple of tuples of long texts, and objects that have it as arguments; `inside` is put into each. */
function sharedText(count: number, ...inside: readonly Part[]): Part[] {
  const long = text('\x01'.repeat(80));
  return [
    long,
    keep(0),
    tuple(...inside, ...Array.from({ length: 8 }, () => tuple(...Array.from({ length: 8 }, () => get(0))))),
    keep(1),
    times(count, (i) => entry(i, bytesOfParts('cm\nf\n', get(1), 'R'))),
  ];
}

/** Dicts that all hold each other. */
function network(count: number): Part[] {
  return [
    times(count, (i) => bytesOfParts('}', keep(i))),
    times(count * count, (i) =>
      bytesOfParts(get(Math.floor(i / count)), entry(i % count, get(i % count)), '0'),
    ),
    get(0),
    text('w'),
    TENSOR,
    's0',
    entry(-1, get(0)),
  ];
}

/** Tensors that share the shape, the strides and the metadata. */
function tensors(count: number, metadata: Part): Part[] {
  const big = bytesOfParts('\x8a\x07', Uint8Array.of(255, 255, 255, 255, 255, 255, 31));
  return [
    STORAGE,
    keep(0),
    tuple('K\x00', ...Array.from({ length: 63 }, () => big)),
    keep(1),
    metadata,
    keep(2),
    tuple(get(0), 'K\x00', get(1), get(1), '\x89', NO_HOOKS, get(2)),
    keep(3),
    times(count, (i) => entry(i, bytesOfParts(REBUILD, get(3), 'R'))),
  ];
}

/** A NumPy array of bytes that a text stands for. */
function arrayOf(dtype: Part, data: Part, length: number): Part {
  const state = tuple('K\x01', bytesOfParts(int(length), '\x85'), dtype, '\x89', data);
  return bytesOfParts(
    'cnumpy.core.multiarray\n_reconstruct\n',
    'cnumpy\nndarray\nK\x00\x85C\x01b\x87R',
    state,
    'b',
  );
}

/** A whole module without parameters. */
function moduleWith(value: Part, attribute = '_non_persistent_buffers_set'): Part {
  const names = ['_parameters', '_buffers', '_modules'].flatMap((name) => [text(name), '}']);
  return bytesOfParts('cm\nN\n)\x81}(', ...names, text(attribute), value, 'ub');
}

const pickles: Readonly<Record<string, HostileFile>> = {
  'empty dicts, deflated': (n) => archive(true, entry(0, bytesOfParts('](', '}'.repeat(1000 * n), 'e'))),
  'empty dicts, stored': (n) => archive(false, entry(0, bytesOfParts('](', '}'.repeat(100 * n), 'e'))),
  'nothing, many times': (n) => archive(true, entry(0, bytesOfParts('](', 'N'.repeat(1000 * n), 'e'))),
  'one long list in many calls': (n) => archive(false, ...sharedList(10 * n)),
  'one long text in many calls': (n) => archive(false, ...sharedText(10 * n)),
  'one long text in many calls of a tensor': (n) => archive(false, ...sharedText(10 * n, TENSOR)),
  'a global named many times': (n) =>
    archive(
      true,
      ...[text('m'.repeat(500)), keep(0), text('n'.repeat(500)), keep(1)],
      times(100 * n, () => bytesOfParts(get(0), get(1), '\x930')),
    ),
  'two equal long keys in turns': (n) =>
    archive(
      true,
      ...[text('k'.repeat(1000 * n)), keep(0), text('k'.repeat(1000 * n)), keep(1)],
      entry(
        0,
        bytesOfParts(
          '}',
          times(100 * n, () => bytesOfParts(get(0), 'Ns', get(1), 'Ns')),
        ),
      ),
    ),
  'long ints as keys': (n) =>
    archive(
      false,
      entry(
        0,
        bytesOfParts(
          '}',
          times(10 * n, (i) => bytesOfParts('\x8a\x0b', new Uint8Array(8), int(i).subarray(1, 4), 'Ns')),
        ),
      ),
    ),
  'dicts that hold each other': (n) => archive(false, ...network(Math.min(40, n))),
  'a dict that holds itself': (n) =>
    archive(
      false,
      times(100 * n, (i) => entry(i, 'N')),
      'q\x00',
      text('self'),
      get(0),
      's',
    ),
  'tensors of 64 dimensions': (n) => archive(false, ...tensors(10 * n, '}')),
  'tensors with long metadata': (n) =>
    archive(
      false,
      ...tensors(
        10 * n,
        bytesOfParts(
          '}',
          times(10 * n, (i) => entry(i, '\x89')),
        ),
      ),
    ),
  'one dict beside the weights, many times': (n) =>
    archive(
      false,
      ...[
        text('model'),
        bytesOfParts('}', text('w'), TENSOR, 's'),
        's',
        '}',
        times(10 * n, (i) => entry(i, 'N')),
      ],
      keep(0),
      times(10 * n, (i) => entry(i, get(0))),
    ),
  'arrays with one long dtype': (n) =>
    archive(
      false,
      ...['cnumpy\ndtype\n', text('V'.padEnd(1000 * n, '1')), '\x85R', keep(0)],
      ...['cnumpy\nndarray\nK\x00\x85C\x01b\x87', keep(1)],
      ...['(K\x01)', get(0), '\x89C\x00t', keep(2)],
      times(10 * n, (i) =>
        entry(i, bytesOfParts('cnumpy.core.multiarray\n_reconstruct\n', get(1), 'R', get(2), 'b')),
      ),
    ),
  'arrays of two equal texts in turns': (n) =>
    archive(
      true,
      ...[text('x'.repeat(1000 * n)), keep(0), text('x'.repeat(1000 * n)), keep(1)],
      ...['cnumpy\ndtype\n', text('u1'), '\x85R', keep(2)],
      times(100 * n, (i) => entry(i, arrayOf(get(2), get(i % 2), 1000 * n))),
    ),
  'modules with one long set': (n) =>
    archive(
      false,
      ...['\x8f(', times(10 * n, (i) => int(i)), '\x90', keep(0)],
      times(10 * n, (i) => entry(i, moduleWith(get(0)))),
    ),
  'one long tuple in many whole modules': (n) =>
    archive(
      true,
      bytesOfParts('(', 'K\x01'.repeat(64), 't'),
      keep(0),
      times(10 * n, (i) => entry(i, moduleWith(get(0), 'stride'))),
    ),
  'many attributes of a whole module': (n) =>
    archive(
      true,
      entry(
        0,
        bytesOfParts(
          'cm\nN\n)\x81}(',
          ...['_parameters', '_buffers', '_modules'].flatMap((name) => [text(name), '}']),
          times(1000 * n, (i) => bytesOfParts(text(`a${i}`), 'K\x01')),
          'ub',
        ),
      ),
    ),
  'lists of the same numbers': (n) =>
    archive(
      false,
      '](',
      'K\x01'.repeat(10 * n),
      'e',
      keep(0),
      entry(
        0,
        bytesOfParts(
          '](',
          times(10 * n, () => get(0)),
          'e',
        ),
      ),
    ),
  'tuples inside each other': (n) => archive(false, entry(0, bytesOfParts(')', '\x85'.repeat(100 * n)))),
  'a list that doubles at every level': (n) =>
    archive(
      false,
      entry(
        0,
        bytesOfParts(
          ']q\x00',
          times(n, () => '0h\x00h\x00\x86q\x00'),
        ),
      ),
    ),
};

const others: Readonly<Record<string, HostileFile>> = {
  'a program with one tensor under many names': (count) => program(count, () => ({})),
  'a program with many views of one storage': (count) =>
    program(count, (i) => ({
      sizes: [{ as_int: 400 }],
      strides: [{ as_int: 2 }],
      storage_offset: { as_int: i },
    })),
  'a pickle in gzip': (n) => new Uint8Array(gzipSync(pickled('](', '}'.repeat(1000 * n), 'e'))),
  'members of JSON objects': (n) => utf8(object(100 * n, '""')),
  'members of nested JSON objects': (n) =>
    utf8(`${'{"w":[1],"a":'.repeat(60)}${object(100 * n, '""')}${'}'.repeat(60)}`),
  'irregular JSON lists': (n) => utf8(object(100 * n, '[1,[]]')),
  'JSON tensors without data': (n) => utf8(object(100 * n, '{"shape":0}')),
  'fields of a safetensors header': (n) =>
    safetensorsFile(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":${object(100 * n, '0')}}}`),
  'headers of compressed arrays': (n) =>
    writeZip(
      Array.from({ length: n }, (_, i) => ({
        name: `${i}.npy`,
        deflate: true,
        data: npyFile(npyDict('<f4', '(0,)').padEnd(60_000)),
      })),
    ).bytes,
};

export const HOSTILE_FILES: Readonly<Record<string, HostileFile>> = { ...pickles, ...others };
