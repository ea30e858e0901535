import type { Scheme } from './scheme.js';

/**
 * `w = raw` in evaluation: dropout of weights acts in training alone. Only of recurrent modules, since elsewhere a `weight_raw` may
 * be anything that the weight is computed from.
 */
export const weightDrop: Scheme = {
  name: 'weight drop',
  suffixes: ['_raw'],
  weights: /^weight_(?:ih|hh|hr)(?:_l\d+(?:_reverse)?)?$/,
  main: 0,
  shapeOf: ([raw]) => raw,
  compute: ([raw]) => raw?.values.slice(),
};
