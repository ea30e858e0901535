/** Tensors put together, and taken apart. */

import type { OpFunction } from './types.js';

export const JOINING: Readonly<Record<string, OpFunction>> = {};
