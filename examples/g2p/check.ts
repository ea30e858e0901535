/** The port against PyTorch and against the CMU Pronouncing Dictionary. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dictionary } from 'cmu-pronouncing-dictionary';

/** Every 25th of the dictionary's words that are written with letters alone: 4,700 words. */
const EVERY = 25;

/** Of these, every 8th: the 588 words whose answers torch-answers.json holds. */
const EVERY_OF_THOSE = 8;

export const STORED_ANSWERS = new URL('torch-answers.json', import.meta.url);

/** PyTorch's answers. */
export interface TorchAnswers {
  /** Phonemes by word; of some of the words where `sha256` stands for the others. */
  readonly answers: Readonly<Record<string, string>>;
  /** {@link digest} of the answers for every word. */
  readonly sha256?: string;
}

/** All 4,700 words, in the dictionary's order. */
export function allWords(): string[] {
  return everyNth(
    Object.keys(dictionary).filter((word) => /^[a-z]+$/.test(word)),
    EVERY,
  );
}

/** Enough of them for a quick run. */
export function someWords(): string[] {
  return everyNth(allWords(), EVERY_OF_THOSE);
}

function everyNth<T>(items: readonly T[], n: number): T[] {
  return items.filter((_, index) => index % n === 0);
}

/** What make-torch-answers.ts stored: the answers for {@link someWords}, the digest of {@link allWords}. */
export async function readTorchAnswers(): Promise<Required<TorchAnswers>> {
  return JSON.parse(await readFile(STORED_ANSWERS, 'utf8'));
}

/** One number for the answers for many words, in the order of the words. */
export function digest(answers: readonly string[]): string {
  return createHash('sha256').update(answers.join('\n')).digest('hex');
}

export interface Difference {
  readonly word: string;
  readonly found: string;
  readonly torch: string;
}

export interface Comparison {
  /** Words whose phonemes are the dictionary's first. */
  readonly right: number;
  /** Words whose answer by PyTorch is known. */
  readonly compared: number;
  /** Those of them with another answer here. */
  readonly differences: readonly Difference[];
  /** Whether the digest of the answers is that of PyTorch's; undefined where there is none to compare with. */
  readonly sameDigest: boolean | undefined;
}

/** @param found the port's phonemes, in the order of the words. */
export function compare(
  words: readonly string[],
  found: readonly string[],
  { answers, sha256 }: TorchAnswers,
): Comparison {
  const known = words.flatMap((word, i) => {
    // A word may be the name of something that every object has.
    return Object.hasOwn(answers, word) ? [{ word, found: found[i] ?? '', torch: answers[word] }] : [];
  });
  return {
    right: words.filter((word, i) => dictionary[word] === found[i]).length,
    compared: known.length,
    differences: known.filter((row) => row.found !== row.torch),
    sameDigest: sha256 === undefined ? undefined : digest(found) === sha256,
  };
}
