/** Pooling, padding and resampling. */

import type { OpFunction } from './types.js';

export const POOLING: Readonly<Record<string, OpFunction>> = {};
