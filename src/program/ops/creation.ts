/** Tensors of given values: zeros, ranges, and such of another tensor's shape. */

import type { OpFunction } from './types.js';

export const CREATION: Readonly<Record<string, OpFunction>> = {};
