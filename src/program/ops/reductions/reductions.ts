/** Sums, means, extremes and norms along axes, and running sums. */

import type { OpFunction } from '../types.js';
import { AREAS } from './areas.js';
import { EXTREMES } from './extremes.js';
import { MODES } from './modes.js';
import { NORMS } from './norms.js';
import { QUANTILES } from './quantiles.js';
import { RUNNING } from './running.js';
import { SPREAD } from './spread.js';
import { SUMS } from './sums.js';

export const REDUCTIONS: Readonly<Record<string, OpFunction>> = {
  ...SUMS,
  ...EXTREMES,
  ...QUANTILES,
  ...MODES,
  ...SPREAD,
  ...NORMS,
  ...RUNNING,
  ...AREAS,
};
