import type { CellShader } from './cell.js';

const GRADIENTS = ['d_i', 'd_f', 'd_g', 'd_o'];

/** Long short-term memory, torch.nn.LSTM's equations. */
export const lstm: CellShader = {
  gates: ['i', 'f', 'g', 'o'],
  forward: /* wgsl */ `
        let i = sigmoid(gx_i + gh_i);
        let f = sigmoid(gx_f + gh_f);
        let g = tanh_of(gx_g + gh_g);
        let o = sigmoid(gx_o + gh_o);
        let c_next = f * c + i * g;
        let h_next = o * tanh_of(c_next);`,
  kept: { i: 'i', f: 'f', g: 'g', o: 'o' },
  backward: /* wgsl */ `
        let tanh_c = tanh_of(f * c + i * g);
        let dc_next = dc + dh * o * (1.0 - tanh_c * tanh_c);
        let d_o = dh * tanh_c * o * (1.0 - o);
        let d_i = dc_next * g * i * (1.0 - i);
        let d_f = dc_next * c * f * (1.0 - f);
        let d_g = dc_next * i * (1.0 - g * g);
        let dc_before = dc_next * f;
        let dh_before = vec4<f32>();`,
  inputGradients: GRADIENTS,
  stateGradients: GRADIENTS,
};
