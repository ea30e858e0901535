/** Attention, and embeddings. */

import type { OpFunction } from './types.js';

export const ATTENTION: Readonly<Record<string, OpFunction>> = {};
