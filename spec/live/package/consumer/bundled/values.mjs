// @ts-check
// The numbers of the model that every bundle runs, as oracle/embedding_training.py makes them too.

/**
 * @param {number} phase
 * @param {number[]} shape
 */
export const values = (phase, shape) => ({
  dtype: /** @type {const} */ ('F32'),
  shape,
  data: Float32Array.from(
    { length: shape.reduce((product, size) => product * size, 1) },
    (_, i) => 0.5 * Math.sin(i + phase),
  ),
});

/** The state_dict of `embedding = nn.Embedding(7, 5)`, `gru = nn.GRU(5, 6)`, `fc = nn.Linear(6, 1)`. */
export const stateDict = new Map([
  ['embedding.weight', values(0, [7, 5])],
  ['gru.weight_ih_l0', values(1, [18, 5])],
  ['gru.weight_hh_l0', values(2, [18, 6])],
  ['gru.bias_ih_l0', values(3, [18])],
  ['gru.bias_hh_l0', values(4, [18])],
  ['fc.weight', values(5, [1, 6])],
  ['fc.bias', values(6, [1])],
]);

/** Four sequences of four ids, and what the model is to say of each. */
export const IDS = [
  [1, 2, 3, 0],
  [4, 5, 0, 6],
  [6, 1, 2, 3],
  [5, 0, 4, 4],
];
export const TARGETS = [[1], [-1], [0.5], [0]];
export const LEARNING_RATE = 0.1;
export const STEPS = 3;
