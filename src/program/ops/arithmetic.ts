/** Arithmetic, rounding and logic, element by element. */

import type { OpFunction } from './types.js';

export const ARITHMETIC: Readonly<Record<string, OpFunction>> = {};
