/** Copies and casts of a tensor, and checks of it. */

import type { OpFunction } from './types.js';

export const COPIES: Readonly<Record<string, OpFunction>> = {};
