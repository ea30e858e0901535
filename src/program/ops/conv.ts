/** Convolutions. */

import type { OpFunction } from './types.js';

export const CONV: Readonly<Record<string, OpFunction>> = {};
