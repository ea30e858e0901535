/** Reads a model.json and its weights from files, in Node. */

import { io } from '@tensorflow/tfjs-core';
import { show } from '../check.js';
import { readFile } from '../state-dict/sources/body.js';
import { folderOf, type NodeFs } from '../state-dict/sources/disk/node-fs.js';
import { concatenated } from '../state-dict/tensors/bytes.js';
import { invalidModel, isObject, WHERE } from './json.js';

/** Largest file that is read: a file of tfjs's weights has 4 MB, and one of `io.saveModel` all of them. */
const MAX_BYTES = 2 ** 31;

/**
 * The handler of a path or file: URL. Weights are in the folder of the model.json, or in that of `weightPathPrefix`.
 *
 * @throws Error naming a file that is missing, FormatError for JSON that is not that of a model.
 */
export function fileHandler(
  fs: NodeFs,
  path: string,
  {
    weightPathPrefix,
    onProgress,
  }: { [Name in 'weightPathPrefix' | 'onProgress']?: io.LoadOptions[Name] | undefined },
): io.IOHandler {
  const read = (file: string): Promise<Uint8Array> => {
    const place = /^file:/i.test(file) ? new URL(file) : file;
    return readFile(fs, place, { where: WHERE, source: `path ${show(file)}`, maxBytes: MAX_BYTES });
  };
  const folder = weightPathPrefix ?? folderOf(path);
  const encoded = (name: string): string => (/^file:/i.test(folder) ? encodeURIComponent(name) : name);
  return {
    async load() {
      onProgress?.(0);
      const model = parseModel(path, await read(path));
      const artifacts = await io.getModelArtifactsForJSON(model, async (manifest) => {
        const files: Uint8Array[] = [];
        for (const name of manifest.flatMap(({ paths }) => paths))
          files.push(await read(`${folder}${encoded(plain(name))}`));
        return [manifest.flatMap(({ weights }) => weights), concatenated(files).buffer];
      });
      onProgress?.(1);
      return artifacts;
    },
  };
}

function parseModel(path: string, bytes: Uint8Array): io.ModelJSON {
  const rule = 'the JSON of tensorflowjs_converter';
  try {
    const model: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isObject(model)) return model as unknown as io.ModelJSON;
  } catch {
    // The error below covers it.
  }
  throw invalidModel(`path ${show(path)}`, rule, 'something else');
}

/** Names of files come from the model.json: none leads out of the folder. */
function plain(name: unknown): string {
  const isPlain = typeof name === 'string' && /^[^/\\:]+$/.test(name) && name !== '..' && name !== '.';
  if (isPlain) return name;
  throw invalidModel('weightsManifest', 'names of files beside the model.json', show(name));
}
