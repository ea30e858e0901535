/** Activation functions. */

import type { OpFunction } from './types.js';

export const ACTIVATIONS: Readonly<Record<string, OpFunction>> = {};
