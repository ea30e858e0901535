/** Multiplications and additions from which on threads are worth it. */
export interface Thresholds {
  /** Of a call, to be shared by threads that are awake. */
  readonly call: number;
  /** Of a call, for its batch to be cut into groups of rows. */
  readonly groups: number;
  /** Of a step, for its units to be shared by a team. */
  readonly teamStep: number;
  /** Of a round, for sleeping workers to be woken. */
  readonly waking: number;
}

/** 4e6 are 0.1 ms of work at most; a step of 6e4 takes one or two microseconds, and a barrier a third of one. */
export const THRESHOLDS: Thresholds = { call: 1e6, groups: 4e6, teamStep: 6e4, waking: 4e6 };
