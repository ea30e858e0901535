/**
 * Fine-tuning: the language identifier of examples/language-id, trained in PyTorch, learns one language more here and goes
 * back to PyTorch. check.py is the other side.
 *
 *     npx tsx examples/fine-tune/main.ts [--output FOLDER] [--backend NAME]
 */

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LayersModel } from '@tensorflow/tfjs';
import type { StateDict } from 'tfjs-torch-rnn';
import { argmax, computeLogits } from '../language-id/classify.js';
import { LONG } from '../language-id/held-out.js';
import { classifier, type Description } from '../language-id/model.js';
import { createEncoder, normalise } from '../language-id/text.js';
import { readDescription, readWeights } from '../language-id/trained.js';
import { startBackend } from '../support/backend.js';
import { runCommand } from '../support/command.js';
import { bold, dim, percent, table } from '../support/terminal.js';
import { type Data, NEW_LANGUAGE, type Phrases, readData } from './data.js';
import { HELP, type Options, parseOptions } from './options.js';
import { addOutputs } from './outputs.js';
import { showProgress } from './progress.js';
import { saveModel } from './save.js';
import { fineTune, makeExamples, sizeOf } from './train.js';

type Encoder = (text: string) => number[];

/** Adds an output to the trained weights; all else is as it was. */
function extend(description: Description, weights: StateDict) {
  const extended = addOutputs(weights, 'fc', 1);
  const parameters = [...extended.values()].reduce((sum, { data }) => sum + data.length, 0);
  const languages = [...description.languages, NEW_LANGUAGE];
  const data = `${description.data}; Latin proverbs`;
  return { weights: extended, description: { ...description, data, languages, parameters } };
}

/** The share of right answers. */
function accuracy(
  { labels }: Phrases,
  logits: readonly Float32Array[],
  counts = (_: number) => true,
): number {
  const counted = labels.map((label, i) => ({ label, i })).filter(({ i }) => counts(i));
  const right = counted.filter(({ label, i }) => argmax(logits[i] ?? new Float32Array()) === label);
  return right.length / counted.length;
}

interface Measurement {
  /** Of the known languages' held-out phrases, and of the new language's. */
  readonly known: readonly Float32Array[];
  readonly added: readonly Float32Array[];
}

async function measure(model: LayersModel, encode: Encoder, { heldOut }: Data): Promise<Measurement> {
  return {
    known: await computeLogits(model, heldOut.known.texts.map(encode)),
    added: await computeLogits(model, heldOut.added.texts.map(encode)),
  };
}

function showAccuracy({ heldOut: { known, added } }: Data, before: Measurement, after: Measurement): void {
  const isLong = (i: number) => Array.from(normalise(known.texts[i] ?? '')).length >= LONG;
  const row = (title: string, shareOf: (measured: Measurement) => number, count: number) => [
    title,
    percent(shareOf(before)).padStart(6),
    percent(shareOf(after)).padStart(6),
    `of ${count} phrases`,
  ];
  const longCount = known.texts.filter((_, i) => isLong(i)).length;
  console.log(
    table([
      ['held-out accuracy', 'before', ' after'].map(dim),
      row('the known languages', (measured) => accuracy(known, measured.known), known.texts.length),
      row(`  ${LONG} or more characters`, (measured) => accuracy(known, measured.known, isLong), longCount),
      row(NEW_LANGUAGE, (measured) => accuracy(added, measured.added), added.texts.length),
    ]),
  );
}

async function run({ backend, output }: Options): Promise<boolean> {
  await startBackend(backend);
  const description = await readDescription();
  const weights = await readWeights();
  const data = await readData(description.languages);
  const encode = createEncoder(description.characters);
  const trained = classifier(description, weights);
  const extended = extend(description, weights);
  const model = classifier(extended.description, extended.weights);
  const examples = await makeExamples(trained, encode, data);
  console.log(
    `${bold(`${description.languages.length} languages, and ${NEW_LANGUAGE}`)} · ${data.added.texts.length} phrases of it, ` +
      `${data.known.texts.length} of the others · ${backend} backend\n`,
  );

  const before = await measure(trained, encode, data);
  await fineTune(model, examples, showProgress(sizeOf(examples)));
  const after = await measure(model, encode, data);
  console.log();
  showAccuracy(data, before, after);

  const { known, added } = data.heldOut;
  const heldOut = { texts: [...known.texts, ...added.texts], labels: [...known.labels, ...added.labels] };
  const logits = [...after.known, ...after.added];
  await saveModel(output, { model, description: extended.description, heldOut, logits });
  console.log(
    `\nwrote ${relative('', fileURLToPath(output)) || '.'}; examples/fine-tune/check.py loads it in PyTorch`,
  );
  for (const one of [trained, model]) one.dispose();
  return true;
}

await runCommand({ parse: parseOptions, help: HELP, run });
