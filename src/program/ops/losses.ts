/** Losses. */

import { CLASSIFICATION } from './losses/classification.js';
import { CTC } from './losses/ctc.js';
import { MARGINS } from './losses/margins.js';
import { REGRESSION } from './losses/regression.js';
import type { OpFunction } from './types.js';

export const LOSSES: Readonly<Record<string, OpFunction>> = {
  ...REGRESSION,
  ...CLASSIFICATION,
  ...MARGINS,
  ...CTC,
};
