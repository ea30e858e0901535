/** Pooling, padding and resizing along the last axes. */

import type { OpFunction } from '../types.js';
import { PADS } from './pads.js';
import { POOLS } from './pools.js';
import { RESIZES } from './resizes.js';
import { UNFOLDS } from './unfolds.js';

export const POOLING: Readonly<Record<string, OpFunction>> = { ...POOLS, ...PADS, ...RESIZES, ...UNFOLDS };
