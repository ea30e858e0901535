/** Dates as people write them, made at random: the same in every run. */

import * as tf from '@tensorflow/tfjs';
import { padRows } from '../support/batches.js';
import { END, PAD } from './model.js';

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

const DAY = 24 * 60 * 60 * 1000;
const FIRST = Date.UTC(2000, 0, 1);
const LAST = Date.UTC(2049, 11, 31);

type Style = (day: number, month: number, year: number) => string;

/** Those that train.py taught. */
const KNOWN: readonly Style[] = [
  (day, month, year) => `${day} ${MONTHS[month - 1]} ${year}`,
  (day, month, year) => `${MONTHS[month - 1]} ${day}, ${year}`,
  (day, month, year) => `${twoDigits(day)}.${twoDigits(month)}.${year}`,
  (day, month, year) => `${year}/${twoDigits(month)}/${twoDigits(day)}`,
];

/** The one that is taught here: 5-Mar-21. */
const ADDED: Style = (day, month, year) =>
  `${day}-${MONTHS[month - 1]?.slice(0, 3)}-${twoDigits(year % 100)}`;

export interface Example {
  readonly text: string;
  /** `2021-03-05`. */
  readonly answer: string;
}

/** Examples of the known ways of writing, and of the new one. */
export class Dates {
  constructor(private state: number) {}

  known(count: number): Example[] {
    return Array.from({ length: count }, () => this.example(KNOWN[this.below(KNOWN.length)] as Style));
  }

  added(count: number): Example[] {
    return Array.from({ length: count }, () => this.example(ADDED));
  }

  private example(style: Style): Example {
    const date = new Date(FIRST + DAY * this.below((LAST - FIRST) / DAY + 1));
    const text = style(date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear());
    return { text, answer: date.toISOString().slice(0, 10) };
  }

  /** An integer from 0 to `limit` - 1 (a linear congruential generator, whose upper bits are the better ones). */
  private below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * limit);
  }
}

function twoDigits(value: number): string {
  return `${value}`.padStart(2, '0');
}

/** What the model takes. */
export interface Batch {
  /** int32 `[B, S]`, padded on the right. */
  readonly source: tf.Tensor2D;
  readonly lengths: readonly number[];
  /** int32 `[B, 11]`. */
  readonly target: tf.Tensor2D;
}

/** @throws RangeError for a character that the model does not know. The caller disposes the tensors. */
export function toBatch(examples: readonly Example[], characters: string): Batch {
  const rows = examples.map(({ text }) => encode(text, characters));
  const answers = examples.map(({ answer }) => [...encode(answer, characters), END]);
  return {
    source: tf.tensor2d(padRows(rows, PAD), undefined, 'int32'),
    lengths: rows.map(({ length }) => length),
    target: tf.tensor2d(answers, undefined, 'int32'),
  };
}

export function encode(text: string, characters: string): number[] {
  return [...text].map((character) => {
    const index = characters.indexOf(character);
    if (index >= 0) return index + 3;
    const known = JSON.stringify(characters);
    throw new RangeError(`text: expected a date of the characters ${known}, got ${JSON.stringify(text)}`);
  });
}

/** The characters before END. */
export function decode(indices: readonly number[], characters: string): string {
  const end = indices.indexOf(END);
  const answer = end < 0 ? indices : indices.slice(0, end);
  return answer.map((index) => characters[index - 3] ?? '?').join('');
}
