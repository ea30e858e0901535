/** Products of matrices. */

import type { OpFunction } from './types.js';

export const LINEAR: Readonly<Record<string, OpFunction>> = {};
