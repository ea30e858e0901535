import type { Shader } from '../run.js';
import { inputsOf } from './tiles.js';

/** Forward multiplies W_hh with h, backward its transpose with the gradients of the gates. */
export type Orientation = 'forward' | 'backward';

/**
 * W_hh of all directions in the order in which the recurrent shaders read it: vectors of 4 elements of what is summed over, and
 * threads beside each other read vectors beside each other.
 *
 *     forward   [D, QUADS + 1, G*H, 4]: W_hh^T; the last quad holds b_hh and three zeros
 *     backward  [D, G*QUADS, H, 4]: W_hh, where each gate has whole quads
 */
export function packShader(
  orientation: Orientation,
  {
    hiddenSize,
    gates,
    directions,
    hasBias,
  }: { hiddenSize: number; gates: number; directions: number; hasBias: boolean },
): Shader {
  const withBias = orientation === 'forward' && hasBias;
  const weights = inputsOf('weight', directions);
  const biases = withBias ? inputsOf('bias', directions) : [];
  const element = (name: string, at: string) =>
    directions === 1 ? `${name}0[${at}]` : `select(${name}0[${at}], ${name}1[${at}], direction == 1)`;
  return {
    key: ['torchPack', orientation, hiddenSize, gates, directions, hasBias].join('_'),
    inputs: [...weights, ...biases],
    uniforms: ['size'],
    threads: 64,
    code: /* wgsl */ `
  const H = ${hiddenSize};
  const GATES = ${gates};
  const QUADS = (H + 3) / 4;
  const ROWS = ${orientation === 'forward' ? '4 * (QUADS + 1)' : '4 * QUADS * GATES'};   // of what is summed over
  const COLUMNS = ${orientation === 'forward' ? 'GATES * H' : 'H'};

  fn element(direction : i32, row : i32, column : i32) -> f32 {
    ${
      orientation === 'forward'
        ? `if (row < H) { return ${element('weight', 'column * H + row')}; }
    ${withBias ? `if (row == 4 * QUADS) { return ${element('bias', 'column')}; }` : ''}
    return 0.0;`
        : `let gate = row / (4 * QUADS);
    let unit = row % (4 * QUADS);
    if (unit < H) { return ${element('weight', '(gate * H + unit) * H + column')}; }
    return 0.0;`
    }
  }

  fn main(index : i32) {
    if (index >= uniforms.size) { return; }
    let column = index / 4 % COLUMNS;
    let quad = index / 4 / COLUMNS % (ROWS / 4);
    let direction = index / (ROWS * COLUMNS);
    result[index] = element(direction, 4 * quad + index % 4, column);
  }
  `,
  };
}

/** Floats of packed weights. */
export function packedFloats(
  orientation: Orientation,
  { hiddenSize, gates, directions }: { hiddenSize: number; gates: number; directions: number },
): number {
  const quads = Math.ceil(hiddenSize / 4);
  const rows = orientation === 'forward' ? quads + 1 : gates * quads;
  return directions * rows * 4 * (orientation === 'forward' ? gates * hiddenSize : hiddenSize);
}
