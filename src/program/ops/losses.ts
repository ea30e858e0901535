/** Loss functions. */

import type { OpFunction } from './types.js';

export const LOSSES: Readonly<Record<string, OpFunction>> = {};
