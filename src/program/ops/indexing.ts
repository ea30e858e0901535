/** Elements by their indices, read and written. */

import type { OpFunction } from './types.js';

export const INDEXING: Readonly<Record<string, OpFunction>> = {};
