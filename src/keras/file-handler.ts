/** Reads a model.json and its weights from files, in Node. */

import { io } from '@tensorflow/tfjs-core';
import { message, show } from '../check.js';
import { formatError } from '../state-dict/rules/format-codes.js';
import { readFile } from '../state-dict/sources/body.js';
import { checkInside, foldersAround } from '../state-dict/sources/disk/links.js';
import { folderOf, type NodeFs } from '../state-dict/sources/disk/node-fs.js';
import { concatenated } from '../state-dict/tensors/bytes.js';
import { MAX_BYTES, WHERE } from './json.js';
import { parseModelJson } from './model-json.js';

/**
 * The handler of a path or file: URL. Weights are in the folder of the model.json, or in that of `weightPathPrefix`.
 *
 * @throws Error naming a file that is missing, RangeError for a folder and for a link out of the folder, FormatError for JSON that is
 * not that of a model.
 */
export function fileHandler(
  fs: NodeFs,
  path: string,
  {
    weightPathPrefix,
    onProgress,
  }: { [Name in 'weightPathPrefix' | 'onProgress']?: io.LoadOptions[Name] | undefined },
): io.IOHandler {
  const sourceOf = (file: string): string => `path ${show(file)}`;
  const read = (file: string): Promise<Uint8Array> =>
    readFile(fs, placeOf(file), { where: WHERE, source: sourceOf(file), maxBytes: MAX_BYTES });
  const prefix = weightPathPrefix ?? folderOf(path);
  const encoded = (name: string): string => (isFileUrl(prefix) ? encodeURIComponent(name) : name);

  /** The weights. Their files have what the manifest declares, so no more than one of them is read beyond that. */
  const readWeights = async (names: readonly string[], declared: number): Promise<Uint8Array> => {
    const folders = await foldersAround(fs, placeOf(path), placeOf(folderOf(prefix) || '.'));
    const files: Uint8Array[] = [];
    let total = 0;
    for (const name of names) {
      const file = `${prefix}${encoded(name)}`;
      await checkInside(fs, placeOf(file), folders, {
        where: WHERE,
        what: sourceOf(file),
        owner: 'model.json',
      });
      const bytes = await read(file);
      files.push(bytes);
      total += bytes.length;
      if (total <= declared) continue;
      throw formatError('INVALID_TENSOR', WHERE, 'weightData', `${declared} bytes for the weights`, 'more');
    }
    return concatenated(files);
  };

  return {
    async load() {
      onProgress?.(0);
      const stats = await fs.stat(placeOf(path)).catch(() => undefined);
      if (stats?.isDirectory())
        throw new RangeError(
          message(WHERE, sourceOf(path), 'a file', 'a directory', 'Name the model.json in it'),
        );
      const { json, files, bytes } = parseModelJson(sourceOf(path), await read(path));
      const artifacts = await io.getModelArtifactsForJSON(json, async (manifest) => {
        const weights = await readWeights(files, bytes);
        return [io.getWeightSpecs(manifest), weights.buffer as ArrayBuffer];
      });
      onProgress?.(1);
      return artifacts;
    },
  };
}

function isFileUrl(path: string): boolean {
  return /^file:/i.test(path);
}

function placeOf(path: string): string | URL {
  return isFileUrl(path) ? new URL(path) : path;
}
