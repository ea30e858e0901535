/** Reads files off the page's thread: a large one takes seconds. */

import { readStateDict, toFloat32Array } from 'tfjs-torch-rnn/state-dict';
import { examine } from '../../../../../src/cli/inspect/examine.js';
import { jsonReport } from '../../../../../src/cli/inspect/json-report.js';
import { resolveLimits } from '../../../../../src/state-dict/rules/limits.js';
import { DICT_WORDS } from './dict-path.js';
import { groupByBytes } from './group.js';
import type { PickedFile, Reply, Report, Request } from './protocol.js';
import { type Found, findSource } from './source.js';
import { describeValues } from './values.js';

const CALLER = 'readStateDict';

/** Bytes of tensors in memory at once. */
const GROUP_BYTES = 1 << 26;

type Source = Extract<Found, { kind: 'source' }>;

/** The open file. */
let open:
  | { readonly source: Source; readonly path: readonly string[] | undefined; readonly report: Report }
  | undefined;

function reply(message: Reply): void {
  postMessage(message);
}

addEventListener('message', async ({ data }: MessageEvent<Request>) => {
  try {
    if (data.kind === 'open') await openFiles(data.files, data.path);
    else await readValues(data.names);
  } catch (error) {
    reply({ kind: 'failed', message: (error as Error).message });
  }
});

async function openFiles(files: readonly PickedFile[], path: readonly string[] | undefined): Promise<void> {
  const source = findSource(files);
  if (source.kind === 'choose') return reply(source);
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const found = await examine(CALLER, source.source, source.name, {
    limits: resolveLimits(CALLER),
    path,
    words: DICT_WORDS,
    fetch: source.fetch,
    onProgress: ({ loaded }) => reply({ kind: 'progress', loaded, total }),
  });
  const report = jsonReport(found);
  open = { source, path, report };
  reply({ kind: 'opened', report });
}

/** Reads tensors a group at a time, and tells what each one is like. */
async function readValues(names: readonly string[]): Promise<void> {
  if (open === undefined) return;
  const sizes = new Map(open.report.tensors.map(({ name, byteLength }) => [name, byteLength]));
  for (const group of groupByBytes(names, (name) => sizes.get(name) ?? 0, GROUP_BYTES))
    await readGroup(group, open);
}

/** A tensor that cannot be read fails its group, so the others are read one by one. */
async function readGroup(names: readonly string[], file: NonNullable<typeof open>): Promise<void> {
  const { source, path } = file;
  try {
    const stateDict = await readStateDict(source.source, {
      path,
      select: names,
      fetch: source.fetch,
      onReport: () => {},
    });
    for (const name of names) tellValues(name, stateDict.get(name));
  } catch (error) {
    if (names.length > 1) for (const name of names) await readGroup([name], file);
    else for (const name of names) reply({ kind: 'unreadable', name, message: (error as Error).message });
  }
}

function tellValues(name: string, tensor: Parameters<typeof toFloat32Array>[0] | undefined): void {
  if (tensor === undefined) return;
  try {
    reply({ kind: 'values', name, values: describeValues(toFloat32Array(tensor, name)) });
  } catch (error) {
    reply({ kind: 'unreadable', name, message: (error as Error).message });
  }
}
