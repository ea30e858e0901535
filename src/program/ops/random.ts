/** Dropout, and tensors of random values. */

import type { OpFunction } from './types.js';

export const RANDOM: Readonly<Record<string, OpFunction>> = {};
