/** Which file a write replaces, and whether it may. */

import { message, show } from '../../check.js';
import { folderOf, isAbsolute, kindOfNoFile, type NodeFs, type NodeStats } from '../sources/disk/node-fs.js';
import { reasonOf } from '../sources/stream.js';

/** Most links that lead from one to the next, as many as Linux follows. */
const MAX_LINKS = 40;

const WRITABLE = 0o222;

/** The file that a path leads to. */
export interface WriteTarget {
  /** A path with no link at its end. */
  readonly path: string;
  /** Whose the file is that is there, and who may read, write and run it; undefined where there is none. */
  readonly old: Pick<NodeStats, 'uid' | 'gid' | 'mode'> | undefined;
}

/**
 * Follows the links that stand at a path, to a file or to a name that is free. Nothing is touched.
 *
 * @throws Error with the path where links lead in a circle, the folder is missing, or what is there is not a file or is read-only:
 *   a file that its owner protects is not replaced, although its folder would allow it.
 */
export async function findTarget(where: string, fs: NodeFs, path: string): Promise<WriteTarget> {
  const what = `path ${show(path)}`;
  const target = await followLinks(where, fs, path);
  await checkFolder(where, fs, path, folderOf(target) || '.');
  const old = await existing(where, path, fs.stat(target));
  if (old === undefined) return { path: target, old: undefined };
  if (!old.isFile()) throw new Error(message(where, what, 'a file, or nothing yet', kindOfNoFile(old)));
  const isAllowed = await fs.access(target, fs.constants.W_OK).then(
    () => true,
    () => false,
  );
  // To root everything is allowed.
  if (isAllowed && (old.mode & WRITABLE) !== 0) return { path: target, old };
  const remedy = 'Make it writable, or choose another path';
  throw new Error(message(where, what, 'a file that can be written', 'a read-only one', remedy));
}

async function followLinks(where: string, fs: NodeFs, path: string): Promise<string> {
  let target = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const stats = await existing(where, path, fs.lstat(target));
    if (!stats?.isSymbolicLink()) return target;
    const next = await fs.readlink(target);
    target = isAbsolute(next) ? next : `${folderOf(target)}${next}`;
  }
  const rule = `a file at the end of at most ${MAX_LINKS} links`;
  throw new Error(message(where, `path ${show(path)}`, rule, 'another link'));
}

async function checkFolder(where: string, fs: NodeFs, path: string, folder: string): Promise<void> {
  await fs.stat(folder).catch((cause: unknown) => {
    if (!isAbsent(cause)) throw unwritable(where, path, cause);
    const rule = `a folder ${show(folder)}`;
    throw new Error(message(where, `path ${show(path)}`, rule, 'none', 'Make it first'), { cause });
  });
}

/** What is at a path; undefined where nothing is. */
function existing(where: string, path: string, stats: Promise<NodeStats>): Promise<NodeStats | undefined> {
  return stats.catch((cause: unknown) => {
    if (isAbsent(cause)) return undefined;
    throw unwritable(where, path, cause);
  });
}

function isAbsent(cause: unknown): boolean {
  return (cause as { code?: unknown }).code === 'ENOENT';
}

/** The error for a path that cannot be written, with what the system says about it. */
export function unwritable(where: string, path: string, cause: unknown): Error {
  const text = message(where, `path ${show(path)}`, 'a file that can be written', reasonOf(cause));
  return new Error(text, { cause });
}
