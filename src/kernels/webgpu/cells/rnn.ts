import type { CellShader } from './cell.js';

const GRADIENTS = ['d_a'];

/**
 * Elman network, torch.nn.RNN's equations.
 * @param activation of `a`.
 * @param gradient of `a`, by `dh` and the step's own h, `y`.
 */
export function rnn(activation: string, gradient: string): CellShader {
  return {
    gates: ['a'],
    forward: /* wgsl */ `
        let a = gx_a + gh_a;
        let h_next = ${activation};`,
    kept: { y: 'h_next' },
    backward: /* wgsl */ `
        let d_a = ${gradient};
        let dh_before = vec4<f32>();`,
    inputGradients: GRADIENTS,
    stateGradients: GRADIENTS,
  };
}
