/** Names and shapes of the parameters of torch's recurrent modules. */

import { outputSize } from '../kernels/contract.js';

interface CellOptions {
  readonly hiddenSize: number;
  readonly bias: boolean;
  /** P, 0 without a projection. */
  readonly projSize: number;
}

interface LayerOptions extends CellOptions {
  readonly numLayers: number;
  readonly bidirectional: boolean;
}

/** Names and shapes in the order of `state_dict()`, for G gates and an input of I features. */
export function torchShapes(gates: number, inputSize: number, options: LayerOptions): Map<string, number[]> {
  const { numLayers, bidirectional } = options;
  const shapes = new Map<string, number[]>();
  for (let layer = 0; layer < numLayers; layer++) {
    const columns = layer === 0 ? inputSize : (bidirectional ? 2 : 1) * outputSize(options);
    for (const suffix of bidirectional ? [`_l${layer}`, `_l${layer}_reverse`] : [`_l${layer}`])
      addDirection(shapes, suffix, gates, columns, options);
  }
  return shapes;
}

/** The parameters of one direction of one layer, or with an empty suffix those of a cell. */
export function addDirection(
  shapes: Map<string, number[]>,
  suffix: string,
  gates: number,
  inputSize: number,
  { hiddenSize, bias, projSize }: CellOptions,
): void {
  const rows = gates * hiddenSize;
  shapes.set(`weight_ih${suffix}`, [rows, inputSize]);
  shapes.set(`weight_hh${suffix}`, [rows, outputSize({ hiddenSize, projSize })]);
  if (bias) {
    shapes.set(`bias_ih${suffix}`, [rows]);
    shapes.set(`bias_hh${suffix}`, [rows]);
  }
  if (projSize > 0) shapes.set(`weight_hr${suffix}`, [projSize, hiddenSize]);
}
