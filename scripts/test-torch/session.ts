import type { Oracle } from './oracle.js';
import type { Tally } from './tally.js';

/** What every part of a run shares. */
export interface Session {
  readonly oracle: Oracle;
  readonly tally: Tally;
  readonly seed: number;
  /** For files that go from one language to the other; removed at the end. */
  readonly folder: string;
  /** The command line that repeats what has no seed of its own. */
  readonly replay: string;
}
