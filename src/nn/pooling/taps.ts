/** Which inputs each output of a pooling sees along one axis. */

import { reachOf, type Window } from '../conv/window.js';

/** For each output the places of its inputs, in rising order; each has as many, and repeats one where it has fewer. */
export type Taps = readonly (readonly number[])[];

/** A window of a pooling, with the number of its outputs. */
export interface PoolWindow extends Window {
  readonly outputs: number;
}

/** The window of torch's arguments over so many steps. With ceilMode a window may reach beyond the padding, but not begin there. */
export function poolWindow(
  steps: number,
  size: number,
  stride: number,
  padding: number,
  dilation: number,
  ceilMode: boolean,
): PoolWindow {
  const reach = reachOf({ size, stride, dilation, before: 0, after: 0 });
  const whole = (steps + 2 * padding - reach) / stride;
  const last = ceilMode ? Math.ceil(whole) : Math.floor(whole);
  const outputs = ceilMode && last * stride >= steps + padding ? last : last + 1;
  const after = Math.max(0, (outputs - 1) * stride + reach - steps - padding);
  return { size, stride, dilation, before: padding, after, outputs };
}

export function tapsOf({ size, stride, dilation, before, outputs }: PoolWindow, steps: number): Taps {
  return Array.from({ length: outputs }, (_, i) => {
    const all = Array.from({ length: size }, (_, u) => i * stride + u * dilation - before);
    const inside = all.filter((place) => place >= 0 && place < steps);
    return all.map((place) => Math.min(Math.max(place, inside[0] as number), inside.at(-1) as number));
  });
}

/** The parts of an axis whose sizes differ by one at most, as adaptive poolings cut it. */
export function adaptiveParts(
  steps: number,
  outputs: number,
): { readonly begin: number; readonly end: number }[] {
  return Array.from({ length: outputs }, (_, i) => ({
    begin: Math.floor((i * steps) / outputs),
    end: Math.ceil(((i + 1) * steps) / outputs),
  }));
}

export function adaptiveTaps(steps: number, outputs: number): Taps {
  const parts = adaptiveParts(steps, outputs);
  const size = Math.max(0, ...parts.map(({ begin, end }) => end - begin));
  return parts.map(({ begin, end }) => Array.from({ length: size }, (_, u) => Math.min(begin + u, end - 1)));
}
