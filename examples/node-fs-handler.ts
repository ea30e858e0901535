/** Saves and loads tf.layers models on disk in plain Node, where tfjs has no `file://` of its own. */

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { io } from '@tensorflow/tfjs';

/**
 * An IOHandler for `model.save` and `tf.loadLayersModel`.
 *
 * Writes the files tfjs writes elsewhere, `model.json` and its weights, so browsers load the folder over HTTP as
 * well. Weights get a name of their own contents, and `model.json` names them: replacing it is the one step that
 * puts a new model in place. Until then, and whenever saving fails, the folder holds the old one.
 */
export function fileHandler(folder: string): io.IOHandler {
  const modelFile = join(folder, 'model.json');

  return {
    async save({ weightData, weightSpecs = [], ...model }) {
      const weights = Buffer.from(io.CompositeArrayBuffer.join(weightData));
      const weightsName = `weights-${createHash('sha256').update(weights).digest('hex').slice(0, 16)}.bin`;
      const weightsManifest = [{ paths: [weightsName], weights: weightSpecs }];
      const json = JSON.stringify({ ...model, weightsManifest });
      await mkdir(folder, { recursive: true });
      await replaceFile(join(folder, weightsName), weights);
      try {
        await replaceFile(modelFile, json);
      } finally {
        await removeUnusedWeights(folder, modelFile);
      }
      return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON({ ...model, weightSpecs, weightData }) };
    },

    async load() {
      const model: io.ModelJSON = JSON.parse(await readFile(modelFile, 'utf8'));
      return io.getModelArtifactsForJSON(model, async (manifest) => {
        const files = manifest.flatMap(({ paths }) => paths).map((name) => readFile(join(folder, name)));
        const weights = Buffer.concat(await Promise.all(files));
        return [manifest.flatMap(({ weights: specs }) => specs), new Uint8Array(weights).buffer];
      });
    },
  };
}

/** Writes beside the file and renames, which a reader sees happen at once or not at all. */
export async function replaceFile(file: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, contents, { flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes the weights that `save` wrote and `model.json`, the old or the new one, does not name. */
async function removeUnusedWeights(folder: string, modelFile: string): Promise<void> {
  const used = await readFile(modelFile, 'utf8').catch(() => '');
  for (const name of await readdir(folder)) {
    if (/^weights-[0-9a-f]{16}\.bin$/.test(name) && !used.includes(name)) await rm(join(folder, name));
  }
}
