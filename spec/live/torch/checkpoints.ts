/**
 * Random checkpoints, which Python saves in every way that it can (oracle/random_checkpoints): read from a path, in part and
 * from memory, each bit for bit what Python had before it saved them.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { show } from '../../../src/check.js';
import {
  FormatError,
  parseStateDict,
  type ReadReport,
  readStateDict,
  type StateDict,
  type TorchDtype,
  UnsupportedError,
} from '../../../src/state-dict/index.js';
import { viewOf } from '../../../src/state-dict/tensors/dtypes.js';
import { check } from '../command.js';
import type { Session } from './session.js';
import { expectSame } from './state-dicts.js';

/** The answer of oracle/checkpoints.py; random_checkpoints/answer.py describes the fields. */
interface Answer {
  readonly path: string;
  readonly title: string;
  readonly tensors: readonly Stored[];
  readonly refused: readonly string[];
  readonly aliases: readonly (readonly string[])[];
  readonly hasDuplicates: boolean;
  readonly keys: readonly string[] | null;
  readonly inOneFile: boolean;
  readonly keepsOrder: boolean;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly select: readonly string[] | null;
  readonly selected: readonly string[];
}

interface Stored {
  readonly name: string;
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  readonly base64: string;
}

/** One check each; checkpoint i has the seed `seed + i`. */
export function compareCheckpoints(session: Session, count: number): void {
  for (let i = 0; i < count; i++) {
    const seed = session.seed + i;
    check(`checkpoint ${seed}`, session.again({ part: 'checkpoints', seed }), async () => {
      const folder = await mkdtemp(join(session.folder, 'checkpoint-'));
      const answer = await session.oracle.ask<Answer>({ command: 'write_checkpoint', seed, folder });
      await compareCheckpoint(answer).catch((error: Error) => {
        throw new Error(`${answer.title}: ${error.message}`);
      });
      await rm(folder, { recursive: true });
    });
  }
}

async function compareCheckpoint(answer: Answer): Promise<void> {
  const reads = answer.inOneFile ? [fromPath, fromMemory] : [fromPath];
  const stateDict = stateDictOf(answer.tensors);
  const selected = new Map([...stateDict].filter(([name]) => answer.selected.includes(name)));
  for (const read of reads) {
    if (isWhole(answer)) {
      const { whole, report } = await withReport((onReport) => read(answer, { onReport }));
      await expectSame(whole, stateDict);
      expectRest(answer, whole, report);
    } else {
      await expectRefusal(answer, () => read(answer, {}));
    }
    if (answer.select) await expectSame(await read(answer, { select: answer.select }), selected);
  }
}

function isWhole({ refused, hasDuplicates }: Answer): boolean {
  return refused.length === 0 && !hasDuplicates;
}

interface Part {
  readonly select?: readonly string[];
  readonly onReport?: (report: ReadReport) => void;
}

function fromPath({ path, keys }: Answer, part: Part): Promise<StateDict> {
  return readStateDict(path, { path: keys ?? undefined, ...part });
}

/** The bytes start at an odd address, as inside a larger buffer. */
async function fromMemory({ path, keys }: Answer, part: Part): Promise<StateDict> {
  const bytes = await readFile(path);
  const moved = new Uint8Array(bytes.length + 1).subarray(1);
  moved.set(bytes);
  return parseStateDict(moved, { path: keys ?? undefined, ...part });
}

async function withReport(
  read: (onReport: (report: ReadReport) => void) => Promise<StateDict>,
): Promise<{ whole: StateDict; report: ReadReport }> {
  const reports: ReadReport[] = [];
  const whole = await read((report) => reports.push(report));
  const [report] = reports;
  if (report === undefined || reports.length > 1) throw new Error(`${reports.length} reports`);
  return { whole, report };
}

/** Compares what the elements do not tell: the order of the names, shared tensors, and the metadata. */
function expectRest(
  { tensors, keepsOrder, aliases, metadata }: Answer,
  whole: StateDict,
  report: ReadReport,
) {
  const names = tensors.map(({ name }) => name);
  if (keepsOrder && [...whole.keys()].some((name, i) => name !== names[i]))
    throw new Error(`order: expected ${names.join()}, got ${[...whole.keys()].join()}`);
  for (const [first, ...others] of aliases)
    for (const other of others)
      if (whole.get(other)?.data !== whole.get(first)?.data)
        throw new Error(`${other} shares its elements with ${first} in Python, and not here`);
  if (metadata === null) return;
  const [got, wanted] = [[...(report.metadata ?? [])], Object.entries(metadata)].map((entries) =>
    JSON.stringify(entries.sort()),
  );
  if (got !== wanted) throw new Error(`metadata: expected ${wanted}, got ${got}`);
}

/** A file with an unsupported tensor or a duplicate name is refused as a whole, and the message names the reason. */
async function expectRefusal(
  { hasDuplicates, refused }: Answer,
  read: () => Promise<StateDict>,
): Promise<void> {
  const error = await read().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const isMeant = hasDuplicates
    ? error instanceof FormatError && error.code === 'DUPLICATE_NAME'
    : error instanceof UnsupportedError &&
      refused.some((name) => error.message.includes(`tensor ${show(name)}`));
  if (!isMeant) throw new Error(`expected a refusal, got ${error ?? 'a state_dict'}`);
}

function stateDictOf(tensors: readonly Stored[]): StateDict {
  return new Map(
    tensors.map(({ name, dtype, shape, base64 }) => {
      const { buffer, length } = Uint8Array.from(Buffer.from(base64, 'base64'));
      return [name, { dtype, shape, data: viewOf(dtype, buffer, 0, length) }];
    }),
  );
}
