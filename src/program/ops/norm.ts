/** Normalisation. */

import type { OpFunction } from './types.js';

export const NORM: Readonly<Record<string, OpFunction>> = {};
