/**
 * `npm run g2p`: English words to phonemes with a published PyTorch model, run in TensorFlow.js, and compared with
 * PyTorch word by word. `npm run g2p -- --help` lists the options.
 */

import { existsSync } from 'node:fs';
import { readStateDict } from 'tfjs-torch-rnn';
import { startBackend } from '../support/backend.js';
import { runInBatches } from '../support/batches.js';
import { runCommand } from '../support/command.js';
import { bold, dim, mark, percent, table } from '../support/terminal.js';
import {
  allWords,
  type Comparison,
  compare,
  readTorchAnswers,
  someWords,
  type TorchAnswers,
} from './check.js';
import { G2P } from './model.js';
import { HELP, type Options, parseOptions } from './options.js';
import { encodeWord, GRAPHEMES, PHONEMES, spellPhonemes, splitWords } from './text.js';
import { askTorch } from './torch.js';

const SAMPLE = 'An activationist blogged about the googly-eyed, unfriendable chatbot';

const BATCH_SIZE = 128;

/** Differences that are shown; the rest is counted. */
const SHOWN = 10;

async function loadModel(file: string): Promise<G2P> {
  if (!existsSync(file)) {
    const remedy = '`npm run g2p:model` fetches it: 3 MB from PyPI, with Python 3 and pip';
    throw new Error(`${file} is not there. ${remedy}`);
  }
  const lengths = { graphemes: GRAPHEMES.length, phonemes: PHONEMES.length };
  return new G2P(await readStateDict(file), { ...lengths, embeddingSize: 256, hiddenSize: 256 });
}

async function pronounce(model: G2P, words: readonly string[]): Promise<string[]> {
  const phonemes = await runInBatches(words.map(encodeWord), BATCH_SIZE, (batch) => model.predict(batch));
  return phonemes.map(spellPhonemes);
}

async function showWords(model: G2P, texts: readonly string[]): Promise<void> {
  const words = texts.flatMap(splitWords);
  if (words.length === 0)
    throw new RangeError(`text: expected a word, got ${JSON.stringify(texts.join(' '))}`);
  const phonemes = await pronounce(model, words);
  console.log(table(words.map((word, i) => [bold(word), phonemes[i] ?? ''])));
}

async function torchAnswers(words: readonly string[], { all, torch }: Options): Promise<TorchAnswers> {
  if (!torch) {
    const { answers, sha256 } = await readTorchAnswers();
    return all ? { answers, sha256 } : { answers };
  }
  const answers = await askTorch(words);
  return { answers: Object.fromEntries(words.map((word, i) => [word, answers[i] ?? ''])) };
}

/** Returns whether the port agrees with PyTorch. */
async function showComparison(model: G2P, options: Options): Promise<boolean> {
  const words = options.all ? allWords() : someWords();
  const expected = await torchAnswers(words, options);
  const start = performance.now();
  const found = await pronounce(model, words);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `\n${bold(`${count(words.length)} words of the CMU Pronouncing Dictionary`)}, ${seconds.toFixed(1)} s`,
  );
  return showResult(words.length, compare(words, found, expected));
}

function showResult(total: number, { right, compared, differences, sameDigest }: Comparison): boolean {
  const same = compared - differences.length;
  const rows = [
    ['', 'right by the dictionary', `${count(right)} of ${count(total)} (${percent(right / total)})`],
    [mark(same === compared), 'same answer as PyTorch', `${count(same)} of ${count(compared)}`],
  ];
  if (sameDigest !== undefined)
    rows.push([mark(sameDigest), "all answers have the sha256 of PyTorch's", sameDigest ? 'yes' : 'no']);
  console.log(table(rows));
  const header = ['word', 'here', 'PyTorch'].map(dim);
  const shown = differences.slice(0, SHOWN).map(({ word, found, torch }) => [word, found, torch]);
  if (shown.length > 0) console.log(`\n${table([header, ...shown])}`);
  return same === compared && sameDigest !== false;
}

function count(number: number): string {
  return number.toLocaleString('en');
}

async function run(options: Options): Promise<boolean> {
  const { backend, texts } = options;
  await startBackend(backend);
  const model = await loadModel(options.model);
  const isDemo = texts.length === 0;
  if (isDemo) console.log(`${bold('English to phonemes')} · the GRUs of g2p-en 2.1.0 · ${backend} backend\n`);
  await showWords(model, isDemo ? [SAMPLE] : texts);
  const isFine = !isDemo || (await showComparison(model, options));
  model.dispose();
  return isFine;
}

await runCommand({ parse: parseOptions, help: HELP, run });
