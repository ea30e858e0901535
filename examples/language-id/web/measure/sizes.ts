/** The sizes that can be measured: one layer, one direction. */

export interface Size {
  readonly id: string;
  readonly label: string;
  /** I */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** B */
  readonly batch: number;
  /** T */
  readonly steps: number;
}

export const SIZES: readonly Size[] = [
  { id: 'phrase', label: 'phrase', inputSize: 32, hiddenSize: 128, batch: 1, steps: 30 },
  { id: 'small', label: 'small stream', inputSize: 24, hiddenSize: 24, batch: 1, steps: 100 },
  { id: 'large', label: 'wide stream', inputSize: 256, hiddenSize: 256, batch: 1, steps: 100 },
  { id: 'batch', label: 'batch', inputSize: 128, hiddenSize: 128, batch: 8, steps: 50 },
];

/** `32 → 128 units, 1 row of 30 steps`. */
export function sizeText({ inputSize, hiddenSize, batch, steps }: Size): string {
  return `${inputSize} → ${hiddenSize} units, ${batch} ${batch === 1 ? 'row' : 'rows'} of ${steps} steps`;
}
