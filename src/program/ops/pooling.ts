/** Pooling, padding and resizing along the last axes. */

import { PADS } from './pooling/pads.js';
import { POOLS } from './pooling/pools.js';
import { RESIZES } from './pooling/resizes.js';
import { UNFOLDS } from './pooling/unfolds.js';
import type { OpFunction } from './types.js';

export const POOLING: Readonly<Record<string, OpFunction>> = { ...POOLS, ...PADS, ...RESIZES, ...UNFOLDS };
