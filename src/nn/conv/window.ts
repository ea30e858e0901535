/** How a kernel slides along an axis, as torch counts it. */

import { message, show } from '../../check.js';

/** Zeros on both sides of each axis, or what torch computes from the kernel: as many outputs as inputs, or none. */
export type Padding = number | readonly number[] | 'same' | 'valid';

/** The arguments of a convolution; a number holds for every axis. */
export interface WindowOptions {
  /** @default 1 */
  readonly stride?: number | readonly number[] | undefined;
  /** @default 0 */
  readonly padding?: Padding | undefined;
  /** Steps between the taps of the kernel. @default 1 */
  readonly dilation?: number | readonly number[] | undefined;
}

/** A kernel on one axis. */
export interface Window {
  /** Taps. */
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before and after the input. */
  readonly before: number;
  readonly after: number;
}

/** Inputs from the first tap to the last. */
export function reachOf({ size, dilation }: Window): number {
  return dilation * (size - 1) + 1;
}

/** Steps of the output for so many of the input; below 1 where the kernel does not fit. */
export function stepsAfter(steps: number, window: Window): number {
  const { before, after, stride } = window;
  return Math.floor((steps + before + after - reachOf(window)) / stride) + 1;
}

/** For each step of the output, one behind the other, the places of its taps in the padded input. */
export function tapPlaces(steps: number, { size, stride, dilation }: Window): number[] {
  return Array.from(
    { length: steps * size },
    (_, i) => Math.floor(i / size) * stride + (i % size) * dilation,
  );
}

/** Steps of the output of the transposed convolution. */
export function stepsAfterTransposed(steps: number, window: Window, outputPadding: number): number {
  const { before, after, stride } = window;
  return (steps - 1) * stride + reachOf(window) - before - after + outputPadding;
}

/** The window of each axis. */
export function windowsOf(where: string, kernelSize: readonly number[], options: WindowOptions): Window[] {
  const { padding = 0 } = options;
  const strides = perAxis(options.stride ?? 1, kernelSize.length);
  const dilations = perAxis(options.dilation ?? 1, kernelSize.length);
  if (padding === 'same' && strides.some((stride) => stride > 1)) {
    const remedy = "torch: padding='same' is not supported for strided convolutions. Pass numbers";
    throw new RangeError(message(where, 'padding', 'numbers beside a stride above 1', '"same"', remedy));
  }
  return kernelSize.map((size, i) => {
    const [stride, dilation] = [strides[i] as number, dilations[i] as number];
    const total = dilation * (size - 1);
    const [before, after] =
      padding === 'same'
        ? [Math.floor(total / 2), Math.ceil(total / 2)]
        : padding === 'valid'
          ? [0, 0]
          : twice(perAxis(padding, kernelSize.length)[i] as number);
    return { size, stride, dilation, before, after };
  });
}

function twice(value: number): [number, number] {
  return [value, value];
}

/** A value for each axis. */
export function perAxis(value: number | readonly number[], axes: number): readonly number[] {
  return typeof value === 'number' ? new Array<number>(axes).fill(value) : value;
}

/** Throws RangeError where the kernel is longer than the padded input. */
export function checkFits(
  where: string,
  steps: readonly (number | null)[],
  windows: readonly Window[],
): void {
  for (const [i, window] of windows.entries()) {
    const input = steps[i];
    if (input == null || stepsAfter(input, window) > 0) continue;
    const remedy = "torch: Kernel size can't be greater than actual input size";
    const rule = `at least ${reachOf(window) - window.before - window.after} steps along spatial axis ${i}`;
    throw new RangeError(message(where, 'x', rule, show(input), remedy));
  }
}
