/** How many threads calls may use. */

/** More threads than this found no use in what layers do: jobs are directions and groups of rows. */
export const MAX_THREADS = 16;

/** By default no more than this: more share too little work in what layers do. */
const DEFAULT_MAX_THREADS = 4;

/** One for each processor that the process may use, four at most. */
export function defaultThreads(processors: number): number {
  return Math.min(DEFAULT_MAX_THREADS, processors);
}
