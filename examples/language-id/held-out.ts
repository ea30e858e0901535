/** The phrases the model has never seen, with PyTorch's logits for them. */

import { readFile } from 'node:fs/promises';
import { readStateDict, toFloat32Array } from 'tfjs-torch-rnn/state-dict';
import { argmax } from './classify.js';
import { normalise } from './text.js';
import { TRAINED } from './trained.js';

/** Characters from which a phrase counts as long: many a shorter one could be a word of several languages. */
export const LONG = 8;

export interface HeldOut {
  readonly phrases: readonly string[];
  /** Index of each phrase's language. */
  readonly labels: readonly number[];
  /** PyTorch's float32 logits of each phrase. */
  readonly logits: readonly Float32Array[];
}

export async function readHeldOut(languages: readonly string[], folder = TRAINED): Promise<HeldOut> {
  const file = await readFile(new URL('held-out.json', folder), 'utf8');
  const byLanguage = Object.entries(JSON.parse(file) as Record<string, string[]>);
  const phrases = byLanguage.flatMap(([, texts]) => texts);
  const labels = byLanguage.flatMap(([name, texts]) => texts.map(() => languages.indexOf(name)));
  const tensor = (await readStateDict(new URL('held-out-logits.safetensors', folder))).get('logits');
  if (tensor === undefined) throw new Error('held-out-logits.safetensors: expected a tensor "logits"');
  const values = toFloat32Array(tensor);
  const width = languages.length;
  return { phrases, labels, logits: phrases.map((_, i) => values.subarray(i * width, (i + 1) * width)) };
}

/** How the answers compare with the truth and with PyTorch's. */
export interface Comparison {
  /** Share of right answers, 0..1. */
  readonly accuracy: number;
  /** The same of the phrases with at least `LONG` characters. */
  readonly longAccuracy: number;
  /** Phrases for which PyTorch and this port name the same language. */
  readonly sameAnswers: number;
  /** The largest |difference| of any logit. */
  readonly maxDifference: number;
}

/** Compares the port's logits, in the order of the phrases. */
export function compare(heldOut: HeldOut, logits: readonly Float32Array[]): Comparison {
  const { phrases, labels, logits: expected } = heldOut;
  const answers = logits.map(argmax);
  const torchAnswers = expected.map(argmax);
  const right = phrases.map((_, i) => answers[i] === labels[i]);
  const longRight = right.filter((_, i) => Array.from(normalise(phrases[i] ?? '')).length >= LONG);
  const share = (flags: readonly boolean[]) => flags.filter(Boolean).length / flags.length;
  return {
    accuracy: share(right),
    longAccuracy: share(longRight),
    sameAnswers: torchAnswers.filter((answer, i) => answer === answers[i]).length,
    maxDifference: expected.reduce((most, row, i) => Math.max(most, largestDifference(row, logits[i])), 0),
  };
}

/** NaN counts as infinitely far, so that it cannot pass for agreement. */
function largestDifference(a: Float32Array, b: Float32Array | undefined): number {
  const differences = Array.from(a, (value, i) => Math.abs(value - (b?.[i] ?? Number.NaN)));
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}
