/** Sums, means, extremes and norms along axes, and running sums. */

import type { OpFunction } from './types.js';

export const REDUCTIONS: Readonly<Record<string, OpFunction>> = {};
