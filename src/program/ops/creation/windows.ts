/** Windows for pieces of a signal. */

import type { Tensor } from '@tensorflow/tfjs-core';
import { named } from '../shared/pointwise.js';
import type { Call, OpFunction } from '../types.js';
import { fromIndices } from './creation.js';

const OPTIONS = 'ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None';

/** The value at a share of the way through, 0..1, given the numbers that a call may have beside its length. */
type Shape = (share: number, ...numbers: number[]) => number;

const cosine = (share: number, turns: number) => Math.cos(2 * Math.PI * turns * share);

const hann: Shape = (share) => 0.5 - 0.5 * cosine(share, 1);
const hamming: Shape = (share, alpha = 0.54, beta = 0.46) => alpha - beta * cosine(share, 1);
const blackman: Shape = (share) => 0.42 - 0.5 * cosine(share, 1) + 0.08 * cosine(share, 2);
const bartlett: Shape = (share) => 1 - Math.abs(2 * share - 1);
const kaiser: Shape = (share, beta = 12) =>
  bessel(beta * Math.sqrt(Math.max(0, 1 - (2 * share - 1) ** 2))) / bessel(beta);

/** The modified Bessel function of order 0: the sum of `((x / 2)^k / k!)^2`. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * Number.EPSILON; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** A periodic window is a symmetric one of one step more, without its last. */
function window(length: number, isPeriodic: boolean, valueAt: Shape, numbers: number[], call: Call): Tensor {
  const last = isPeriodic ? length : length - 1;
  return fromIndices([length], (i) => (length === 1 ? 1 : valueAt(i / last, ...numbers)), call);
}

/** @param forms  those in which a call says whether the window is periodic, and the names of further numbers in them. */
function family(
  name: string,
  valueAt: Shape,
  forms: Readonly<Record<string, readonly string[]>> = { periodic: [] },
): Record<string, OpFunction> {
  const all = Object.entries(forms).map(([form, numbers]) => {
    const parameters = ['int window_length', 'bool periodic', ...numbers.map((each) => `float ${each}`)];
    return named(
      [`${name}.${form}`],
      `${parameters.join(', ')}, *, ${OPTIONS}`,
      (length: number, isPeriodic: boolean, ...rest: unknown[]) =>
        window(length, isPeriodic, valueAt, rest.slice(0, numbers.length) as number[], rest.at(-1) as Call),
    );
  });
  const plain = named([name], `int window_length, *, ${OPTIONS}`, (length: number, ...rest: unknown[]) =>
    window(length, true, valueAt, [], rest.at(-1) as Call),
  );
  return Object.assign(plain, ...all);
}

export const WINDOWS: Readonly<Record<string, OpFunction>> = {
  ...family('hann_window', hann),
  ...family('hamming_window', hamming, {
    periodic: [],
    periodic_alpha: ['alpha'],
    periodic_alpha_beta: ['alpha', 'beta'],
  }),
  ...family('blackman_window', blackman),
  ...family('bartlett_window', bartlett),
  ...family('kaiser_window', kaiser, { periodic: [], beta: ['beta'] }),
};
