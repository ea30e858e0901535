/** Sums, means, extremes and norms along axes, and running sums. */

import { AREAS } from './reductions/areas.js';
import { EXTREMES } from './reductions/extremes.js';
import { NORMS } from './reductions/norms.js';
import { QUANTILES } from './reductions/quantiles.js';
import { RUNNING } from './reductions/running.js';
import { SPREAD } from './reductions/spread.js';
import { SUMS } from './reductions/sums.js';
import type { OpFunction } from './types.js';

export const REDUCTIONS: Readonly<Record<string, OpFunction>> = {
  ...SUMS,
  ...EXTREMES,
  ...QUANTILES,
  ...SPREAD,
  ...NORMS,
  ...RUNNING,
  ...AREAS,
};
