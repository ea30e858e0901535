import type { CellShader } from './cell.js';

/** Gated recurrent unit, torch.nn.GRU's equations. */
export const gru: CellShader = {
  gates: ['r', 'z', 'n'],
  forward: /* wgsl */ `
        let r = sigmoid(gx_r + gh_r);
        let z = sigmoid(gx_z + gh_z);
        let n = tanh_of(gx_n + r * gh_n);
        let h_next = n + z * (h - n);               // (1 - z) * n + z * h`,
  kept: { r: 'r', z: 'z', n: 'n', q: 'gh_n' },
  backward: /* wgsl */ `
        let d_n = dh * (1.0 - z) * (1.0 - n * n);
        let d_z = dh * (h - n) * z * (1.0 - z);
        let d_r = d_n * q * r * (1.0 - r);
        let d_q = d_n * r;                          // of gh_n, which r multiplies
        let dh_before = dh * z;`,
  inputGradients: ['d_r', 'd_z', 'd_n'],
  stateGradients: ['d_r', 'd_z', 'd_q'],
};
