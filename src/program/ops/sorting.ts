/** Sorting and searching. */

import type { OpFunction } from './types.js';

export const SORTING: Readonly<Record<string, OpFunction>> = {};
