/** The equations of a cell in WGSL: what the shaders of all cells put between their loads and stores. */

/**
 * All values are of one unit in the rows of a tile, a row a component: `vec4<f32>`. `1.0 - z` takes each component from 1.
 *
 * Forward has, for each gate `g`, `gx_g` (W_ih x + b_ih) and `gh_g` (W_hh h + b_hh), and the states before the step.
 * Backward has what was kept of the step, the states before it, `dh` (and `dc`) of the states after it.
 */
export interface CellShader {
  /** In torch's order. */
  readonly gates: readonly string[];
  /** Sets `h_next`, and `c_next` where the cell has a c. */
  readonly forward: string;
  /** What backward reads of a step beside the states before it: its name there, and the expression in `forward`. */
  readonly kept: Readonly<Record<string, string>>;
  /** Sets the gradients of the gates' sums; `dh_before`, the part of it that does not come through W_hh; and `dc_before`. */
  readonly backward: string;
  /** The gradients that belong to `gx`, by gate. */
  readonly inputGradients: readonly string[];
  /** The gradients that belong to `gh`, by gate. */
  readonly stateGradients: readonly string[];
}
