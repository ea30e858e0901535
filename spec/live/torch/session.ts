import type { Measurements } from './measurements.js';
import type { Oracle } from './oracle.js';
import type { Tally } from './tally.js';

/** Which checks to run again. */
export interface Replay {
  readonly part: string;
  /** @default the session's */
  readonly seed?: number;
  /** @default all of the session's */
  readonly backend?: string;
}

/** What every part of a run shares. */
export interface Session {
  readonly oracle: Oracle;
  readonly tally: Tally;
  readonly measurements: Measurements;
  readonly seed: number;
  readonly backends: readonly string[];
  /** For files that go from one language to the other; removed at the end. */
  readonly folder: string;
  /** The command line that repeats a check; of random cases the one with this seed. */
  readonly replay: (which: Replay) => string;
}
