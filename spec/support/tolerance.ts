/** How far a float32 result may be from PyTorch's, beside what was measured. Never widened to make a test pass. */

/** Outputs and states, absolute. Largest error measured over all fixtures: see the table in README's parity section. */
export const FORWARD_TOLERANCE = 1e-5;

/** Gradients: max|difference| <= GRADIENT_TOLERANCE * max|reference|, for each tensor separately. */
export const GRADIENT_TOLERANCE = 1e-4;

/** A gradient smaller than this cannot tell right from wrong; fixtures must exceed it. */
export const SMALLEST_GRADIENT = 1e-3;
