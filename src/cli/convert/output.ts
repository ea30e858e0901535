/** The format of OUT, and whether it may be written. */

import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { message, show } from '../../check.js';
import { isIndexName } from '../../state-dict/sharded.js';
import { kindOfNoFile, type NodeFs } from '../../state-dict/sources/disk/node-fs.js';
import { findTarget } from '../../state-dict/write/target.js';
import { UsageError } from '../options.js';
import { isUrl, publicWord } from '../url.js';
import type { OutputFormat } from './write.js';

const WHERE = 'convert';

/** @throws UsageError for a name that ends in the extension of no format. */
export function formatOf(out: string): OutputFormat {
  if (/\.json$/i.test(out)) return 'json';
  if (/\.safetensors$/i.test(out)) return 'safetensors';
  throw new UsageError(
    `OUT ends in .safetensors or .json, or --to says what it is: got ${show(publicWord(out))}.`,
  );
}

/**
 * Checks OUT before anything is read, so that an error does not cost the reading of a large file.
 *
 * @throws UsageError for a URL; Error where OUT is not the path of a file or is read-only, is IN or a file of its model, or exists
 * without `force`.
 */
export async function checkOutput(fs: NodeFs, source: string, out: string, force: boolean): Promise<void> {
  const refusal = (rule: string, got: string, remedy?: string): Error =>
    new Error(message(WHERE, `OUT ${show(out)}`, rule, got, remedy));
  if (isUrl(out)) {
    throw new UsageError(`OUT is a path of this machine: got ${show(publicWord(out))}.`);
  }
  const folder = statSync(dirname(out), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) {
    const got = folder ? 'something else' : 'none';
    throw refusal(`a folder ${show(dirname(out))}`, got, 'Make it first: mkdir -p');
  }
  const existing = await fs.stat(out).catch(() => undefined);
  if (existing && !existing.isFile()) {
    const remedy = existing.isDirectory() ? 'Add a name to it' : undefined;
    throw refusal('the path of a file', kindOfNoFile(existing), remedy);
  }
  if (existing) {
    const real = realpathSync(out);
    const input = toPath(source);
    if (real === realPathOf(input)) throw refusal('another file than IN', 'the same', 'Choose another name');
    if (isOfModel(real, modelFolderOf(input)))
      throw refusal('another file than IN', 'one of its folder', 'Choose another name');
    if (!force) throw refusal('a path with no file', 'one', 'Pass --force to replace it');
  }
  await findTarget(WHERE, fs, out);
}

/** The folder of a model in several files, none of which may be replaced while they are read. */
function modelFolderOf(input: string): string | undefined {
  if (isIndexName(input)) return realPathOf(dirname(input));
  return statSync(input, { throwIfNoEntry: false })?.isDirectory() ? realPathOf(input) : undefined;
}

/** Whether a file is in the folder of a model, or a link in it leads to the file, as in the cache of a model hub. */
function isOfModel(real: string, folder: string | undefined): boolean {
  if (folder === undefined) return false;
  return (
    dirname(real) === folder || readdirSync(folder).some((name) => realPathOf(join(folder, name)) === real)
  );
}

function toPath(source: string): string {
  try {
    return /^file:/i.test(source) ? fileURLToPath(source) : source;
  } catch {
    // A file: URL of another machine: reading reports it.
    return source;
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Not the path of a file: reading reports it.
    return undefined;
  }
}
