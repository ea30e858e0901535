/** Pooling, padding and resizing along the last axes, and places of images. */

import type { OpFunction } from '../types.js';
import { GRID_SAMPLES } from './grid-sample.js';
import { PADS } from './pads.js';
import { POOLS } from './pools.js';
import { RESIZES } from './resizes.js';
import { UNFOLDS } from './unfolds.js';

export const POOLING: Readonly<Record<string, OpFunction>> = {
  ...POOLS,
  ...PADS,
  ...RESIZES,
  ...UNFOLDS,
  ...GRID_SAMPLES,
};
