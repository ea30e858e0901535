import type { Shader } from '../run.js';

/** A sequence `[rows, I]` with zeros in the steps that a row does not have, which are not read: they may hold anything. */
export const WITHOUT_PADDING: Shader = {
  key: 'torchWithoutPadding',
  inputs: ['x', 'lengths'],
  uniforms: ['size', 'width', 'steps', 'batch', 'stepStride', 'batchStride'],
  threads: 64,
  code: /* wgsl */ `
  fn main(index : i32) {
    if (index >= uniforms.size) { return; }
    let row = index / uniforms.width;
    // Of the two strides one is 1, and the other the length of what lies inside.
    let t = row / uniforms.stepStride % uniforms.steps;
    let b = row / uniforms.batchStride % uniforms.batch;
    if (t < lengths[b]) { result[index] = x[index]; } else { result[index] = 0.0; }
  }
  `,
};
