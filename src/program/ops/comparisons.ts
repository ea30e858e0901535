/** Comparisons, and choices by them. */

import type { OpFunction } from './types.js';

export const COMPARISONS: Readonly<Record<string, OpFunction>> = {};
