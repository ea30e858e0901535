/** From files that a user picked to a source of `readStateDict`. */

import type { StateDictSource } from 'tfjs-torch-rnn/state-dict';
import { isIndexName } from '../../../../../src/state-dict/sharded.js';
import type { PickedFile } from './protocol.js';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** One source, or files of which the user has to choose one. */
export type Found =
  | {
      readonly kind: 'source';
      readonly source: StateDictSource;
      readonly name: string;
      readonly fetch?: Fetch;
    }
  | { readonly kind: 'choose'; readonly files: readonly PickedFile[] };

const WEIGHT_FILE = /\.(safetensors|pt|pth|bin|ckpt|pkl|pickle|npz|npy|json)(\.gz)?$/i;

/**
 * One file as it is; of several the index of a model, whose files lie beside it, else the only one with the name of a weight file.
 *
 * @throws RangeError where no name is that of a weight file.
 */
export function findSource(files: readonly PickedFile[]): Found {
  const index = shallowest(files.filter(({ path }) => isIndexName(path)));
  if (index) return indexSource(index, files);
  const [only] = files;
  if (only && files.length === 1) return { kind: 'source', source: only.file, name: only.file.name };
  const weights = files.filter(({ path }) => WEIGHT_FILE.test(path));
  const [first] = weights;
  if (first && weights.length === 1) return findSource([first]);
  if (first) return { kind: 'choose', files: weights };
  throw new RangeError(
    `folder: expected a file called *.safetensors, *.pt, *.npz, *.json or the like, got ${files.length} others`,
  );
}

function shallowest(files: readonly PickedFile[]): PickedFile | undefined {
  const depth = ({ path }: PickedFile) => path.split('/').length;
  return [...files].sort((a, b) => depth(a) - depth(b) || (a.path < b.path ? -1 : 1))[0];
}

/** The index and its shards are read by name, as from a server. */
function indexSource(index: PickedFile, files: readonly PickedFile[]): Found {
  const folder = index.path.slice(0, index.path.lastIndexOf('/') + 1);
  const beside = new Map<string, Blob>();
  for (const { path, file } of files)
    if (path.startsWith(folder)) beside.set(path.slice(folder.length), file);
  const name = index.path.slice(folder.length);
  return { kind: 'source', source: name, name, fetch: fetchFrom(beside) };
}

/** A `fetch` that serves files, and parts of them. */
export function fetchFrom(files: ReadonlyMap<string, Blob>): Fetch {
  return async (url, init) => {
    const file = files.get(url);
    if (file === undefined) return new Response(null, { status: 404, statusText: 'Not in the folder' });
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '');
    if (range === null) return new Response(file);
    const [begin, last] = [Number(range[1]), Math.min(Number(range[2]), file.size - 1)];
    if (begin > last) return new Response(null, { status: 416, statusText: 'Range Not Satisfiable' });
    return new Response(file.slice(begin, last + 1), {
      status: 206,
      headers: { 'Content-Range': `bytes ${begin}-${last}/${file.size}` },
    });
  };
}
