/** The files that a file names lie in its folder: links out of it are not followed. */

import { message, show } from '../../../check.js';
import type { NodeFs } from './node-fs.js';

/**
 * The folders in which the files that a file names may lie: one that is given, and the one that the file itself leads to where it is a
 * link, as in the cache of a model hub.
 */
export async function foldersAround(
  fs: NodeFs,
  file: string | URL,
  folder: string | URL,
): Promise<readonly string[]> {
  const realFolder = await fs.realpath(folder).catch(() => undefined);
  const around = parentOf(await fs.realpath(file));
  return realFolder === undefined ? [around] : [around, realFolder];
}

/**
 * Whether a file is there.
 * @param about  `owner` is what names the file.
 * @throws RangeError for a link out of the folders.
 */
export async function checkInside(
  fs: NodeFs,
  file: string | URL,
  folders: readonly string[],
  about: { readonly where: string; readonly what: string; readonly owner: string },
): Promise<boolean> {
  const { where, what, owner } = about;
  const path = await fs.realpath(file).catch(() => undefined);
  if (path === undefined) return false;
  if (folders.includes(parentOf(path))) return true;
  const rule = `files in the folder of the ${owner}`;
  throw new RangeError(message(where, what, rule, `a link to ${show(path)}`, 'Copy the file there'));
}

function parentOf(path: string): string {
  return path.replace(/[/\\][^/\\]*$/, '');
}
