/**
 * `npm run demo`: a language identifier trained in PyTorch, run in TensorFlow.js, and compared with PyTorch phrase
 * by phrase. `npm run demo -- --help` lists the options.
 */

import type { LayersModel } from '@tensorflow/tfjs';
import { startBackend } from '../support/backend.js';
import { runCommand } from '../support/command.js';
import {
  bar,
  bold,
  cyan,
  dim,
  mark,
  percent,
  screenColumns,
  shorten,
  table,
  title,
} from '../support/terminal.js';
import { argmax, computeLogits, softmax } from './classify.js';
import { compare, LONG, readHeldOut } from './held-out.js';
import type { Description } from './model.js';
import { HELP, type Options, parseOptions } from './options.js';
import { SAMPLE } from './sample.js';
import { createEncoder, UNKNOWN } from './text.js';
import { loadClassifier, readDescription } from './trained.js';

/**
 * How far a logit may be from PyTorch's. Logits reach about 10 and follow from thousands of float32 operations
 * whose order differs between the libraries (measured: 6e-6 at most on any backend).
 */
const TOLERANCE = 1e-4;

type Encoder = (text: string) => number[];

/** What the answers show of a phrase, and how wide a bar is beside it. */
interface Layout {
  readonly phrase: number;
  readonly share: string;
  readonly bar: number;
}

const WIDE_LAYOUT: Layout = { phrase: 48, share: 'probability', bar: 20 };
/** The longest name of a language, the share, and the spaces around them. */
const BESIDE_PHRASE = 24;

/** The bar goes where the screen is too narrow for it, and long phrases are cut. */
function layoutFor(columns: number): Layout {
  if (columns >= 102) return WIDE_LAYOUT;
  return { phrase: Math.max(10, Math.min(48, columns - BESIDE_PHRASE)), share: 'share', bar: 0 };
}

async function showAnswers(
  model: LayersModel,
  encode: Encoder,
  phrases: readonly string[],
  { languages }: Description,
): Promise<void> {
  const ids = phrases.map(encode);
  const logits = await computeLogits(model, ids);
  const layout = layoutFor(screenColumns());
  const rows = phrases.map((phrase, i) => {
    const probabilities = softmax(logits[i] ?? new Float32Array());
    const answer = argmax(probabilities);
    const probability = probabilities[answer] ?? 0;
    const share = percent(probability).padStart(layout.share.length);
    const isReadable = ids[i]?.some((id) => id !== UNKNOWN);
    // Below one half the model prefers no single language.
    const name = probability < 0.5 ? dim(`${languages[answer]}?`) : bold(languages[answer] ?? '');
    const language = isReadable ? name : dim('unreadable');
    const shown = [shorten(phrase, layout.phrase), language, share];
    return layout.bar === 0 ? shown : [...shown, cyan(bar(probability, layout.bar))];
  });
  console.log(table([['phrase', 'language', layout.share].map(dim), ...rows]));
}

/** Returns whether the port agrees with PyTorch. */
async function showComparison(
  model: LayersModel,
  encode: Encoder,
  { languages }: Description,
): Promise<boolean> {
  const heldOut = await readHeldOut(languages);
  const start = performance.now();
  const result = compare(heldOut, await computeLogits(model, heldOut.phrases.map(encode)));
  const seconds = (performance.now() - start) / 1000;

  const total = heldOut.phrases.length;
  const agrees = result.sameAnswers === total;
  const isClose = result.maxDifference <= TOLERANCE;
  console.log(`\n${bold(`${total.toLocaleString('en')} held-out phrases`)}, ${seconds.toFixed(1)} s`);
  console.log(
    table(
      [
        ['', 'accuracy', percent(result.accuracy)],
        ['', `accuracy, ${LONG} or more characters`, percent(result.longAccuracy)],
        [mark(agrees), 'same answer as PyTorch', `${result.sameAnswers} of ${total}`],
        [
          mark(isClose),
          'max |Δlogit| to PyTorch',
          `${result.maxDifference.toExponential(1)} (tolerance ${TOLERANCE})`,
        ],
      ],
      screenColumns(),
    ),
  );
  return agrees && isClose;
}

async function run({ backend, phrases }: Options): Promise<boolean> {
  await startBackend(backend);
  const description = await readDescription();
  const encode = createEncoder(description.characters);
  const model = await loadClassifier(description);
  const size = `${description.parameters.toLocaleString('en')} parameters`;
  const parts = [bold('Language identifier'), 'GRU trained in PyTorch', size, `${backend} backend`];
  console.log(`${title(parts, screenColumns())}\n`);
  await showAnswers(model, encode, phrases.length > 0 ? phrases : SAMPLE, description);
  const isFine = phrases.length > 0 || (await showComparison(model, encode, description));
  model.dispose();
  return isFine;
}

await runCommand({ parse: parseOptions, help: HELP, run });
