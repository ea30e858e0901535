/** Losses. */

import type { OpFunction } from '../types.js';
import { CLASSIFICATION } from './classification.js';
import { CTC } from './ctc.js';
import { MARGINS } from './margins.js';
import { REGRESSION } from './regression.js';

export const LOSSES: Readonly<Record<string, OpFunction>> = {
  ...REGRESSION,
  ...CLASSIFICATION,
  ...MARGINS,
  ...CTC,
};
