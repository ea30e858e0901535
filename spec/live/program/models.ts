/** The models of the corpus against PyTorch, exported one by one. */

import * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../../../src/index.js';
import { readExportedProgram } from '../../../src/program/index.js';
import { check } from '../command.js';
import { Measurements } from '../torch/measurements.js';
import { compareModel } from './compare-model.js';
import type { Corpus, Variant } from './corpus.js';
import type { ExportedModel } from './exported-model.js';
import { commandFor, type Options } from './options.js';

/** Declares a test for each model on each backend. */
export function compareModels(corpus: Corpus, names: readonly string[], options: Options): void {
  const measurements = new Measurements();
  after(() => measurements.print());
  for (const name of names) {
    let asked: Promise<ExportedModel | undefined> | undefined;
    for (const backend of options.backends) {
      const again = commandFor({ ...options, parts: ['models'], names: [name], backends: [backend] });
      check(`${name} on ${backend}`, again, async () => {
        if (tf.getBackend() !== backend) await tf.setBackend(backend);
        asked ??= readableModel(corpus, name, options.variant);
        const model = await asked;
        if (model === undefined) return;
        await measurements.during(options.variant, backend, (worst) => compareModel(model, worst));
      });
    }
  }
}

/** What to do is in the error: one that writes into views is decomposed first. Undefined for a model that may be refused. */
async function readableModel(
  corpus: Corpus,
  name: string,
  variant: Variant,
): Promise<ExportedModel | undefined> {
  const model = await corpus.model(name, variant);
  const error = await readExportedProgram(model.bytes).then(
    (program) => void program.dispose(),
    (reason: Error) => reason,
  );
  if (error === undefined) {
    if (model.is('refused')) throw new Error('was to be refused');
    return model;
  }
  if (!(error instanceof UnsupportedError)) throw error;
  if (model.is('refused')) return undefined;
  if (variant === 'decomposed' || !error.message.includes('exported.run_decompositions({})')) throw error;
  return readableModel(corpus, name, 'decomposed');
}
