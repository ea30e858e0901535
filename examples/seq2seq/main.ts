/**
 * A sequence-to-sequence model with attention, trained in PyTorch: it reads dates, learns here a new way of writing them, and goes
 * back to PyTorch. check.py is the other side.
 *
 *     npx tsx examples/seq2seq/main.ts [DATE ...] [--backend NAME] [--output FOLDER]
 */

import { mkdir } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { saveSafetensors, type TorchTensor } from 'tfjs-torch-rnn';
import { replaceFile } from '../node-fs-handler.js';
import { startBackend } from '../support/backend.js';
import { runCommand } from '../support/command.js';
import { bold, dim, percent, table } from '../support/terminal.js';
import { Dates, type Example } from './data.js';
import { type DateReader, loadDateReader, readDescription } from './model.js';
import { HELP, type Options, parseOptions } from './options.js';
import { train, translate } from './train.js';

const SAMPLE = ['March 5, 2021', '24 December 2030', '01.09.2007', '2044/11/30'];

/** Held-out dates in the known ways, and as many in the new one. */
const HELD_OUT = 250;

/** Of the training dates and of the held-out ones. */
const SEEDS = [1, 2] as const;

/** Steps between two lines of progress. */
const SHOWN_EVERY = 20;

interface Measurement {
  readonly answers: readonly string[];
  /** Shares of right answers. */
  readonly known: number;
  readonly added: number;
}

async function measure(
  model: DateReader,
  heldOut: readonly Example[],
  characters: string,
): Promise<Measurement> {
  const answers = await translate(
    model,
    heldOut.map(({ text }) => text),
    characters,
  );
  const share = (from: number) =>
    heldOut.slice(from, from + HELD_OUT).filter(({ answer }, i) => answers[from + i] === answer).length /
    HELD_OUT;
  return { answers, known: share(0), added: share(HELD_OUT) };
}

async function showDates(model: DateReader, texts: readonly string[], characters: string): Promise<void> {
  const answers = await translate(model, texts, characters);
  console.log(table(texts.map((text, i) => [text, bold(answers[i] ?? '')])));
}

/** The weights last: whoever reads finds every file complete, and answers that are of these weights or of none. */
async function save(folder: URL, model: DateReader, heldOut: readonly Example[], answers: readonly string[]) {
  await mkdir(folder, { recursive: true });
  const path = (name: string) => fileURLToPath(new URL(name, folder));
  const rows = heldOut.map(({ text, answer }, i) => ({ text, answer, tfjs: answers[i] }));
  await replaceFile(path('held-out.json'), `${JSON.stringify(rows, null, 1)}\n`);
  const weights: ReadonlyMap<string, TorchTensor> = await model.toStateDict();
  await saveSafetensors(path('model.safetensors'), new Map(weights));
}

async function run({ texts, backend, output }: Options): Promise<boolean> {
  await startBackend(backend);
  const { characters } = await readDescription();
  const model = await loadDateReader();
  if (texts.length > 0) {
    await showDates(model, texts, characters);
    model.dispose();
    return true;
  }
  console.log(
    `${bold('Dates, read by a GRU and written by a decoder with attention')} · ${backend} backend\n`,
  );
  await showDates(model, SAMPLE, characters);

  const [training, others] = SEEDS.map((seed) => new Dates(seed)) as [Dates, Dates];
  const heldOut = [...others.known(HELD_OUT), ...others.added(HELD_OUT)];
  const before = await measure(model, heldOut, characters);
  console.log(`\n${bold('A new way of writing')}: ${heldOut[HELD_OUT]?.text}`);
  train(model, training, characters, (step, of, loss) => {
    if (step % SHOWN_EVERY === 0)
      console.log(dim(`  step ${`${step}`.padStart(3)}/${of}  loss ${loss.toFixed(4)}`));
  });
  const after = await measure(model, heldOut, characters);
  const row = (title: string, of: 'known' | 'added') => [title, percent(before[of]), percent(after[of])];
  console.log(
    `\n${table([['right answers', 'before', 'after'].map(dim), row('the known ways', 'known'), row('the new one', 'added')])}`,
  );

  await save(output, model, heldOut, after.answers);
  const folder = relative('', fileURLToPath(output)) || '.';
  console.log(`\nwrote ${folder}; examples/seq2seq/check.py loads it in PyTorch`);
  model.dispose();
  return true;
}

await runCommand({ parse: parseOptions, help: HELP, run });
