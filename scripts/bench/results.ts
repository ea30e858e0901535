/** The stored result of a case. */

import type { BenchCase, Mode } from './cases.js';
import type { Competitor, Outcome } from './measure.js';
import { median, type Summary, summarize, summarizeRatio } from './stats.js';

/** One peer in one case. */
export interface Row {
  /** Its name on the command line. */
  readonly peer: string;
  readonly title: string;
  readonly threads: number;
  /** Milliseconds a call; absent where there is a fault. */
  readonly times?: Summary;
  /** Median of the milliseconds of processor time a call, all threads; absent where a peer cannot know. */
  readonly cpu?: number;
  /** What its last call ran, of a peer that chooses. */
  readonly ran?: string;
  /** Its time divided by this package's with as many threads, by turn. */
  readonly ratio?: Summary;
  /** The largest difference to the peer that the others are checked against. */
  readonly error?: number;
  readonly fault?: string;
}

export interface CaseResult {
  readonly case: BenchCase;
  /** Whether another process was busy. */
  readonly isBusy: boolean;
  readonly rows: readonly Row[];
}

export const OURS = 'ours';

export function toResult(benchCase: BenchCase, isBusy: boolean, outcomes: readonly Outcome[]): CaseResult {
  return { case: benchCase, isBusy, rows: outcomes.map((outcome) => toRow(benchCase, outcome, outcomes)) };
}

function toRow(benchCase: BenchCase, outcome: Outcome, all: readonly Outcome[]): Row {
  const { contestant, rounds, error, fault } = outcome;
  const row = {
    peer: contestant.kind.name,
    title: contestant.kind.title(benchCase.cell),
    threads: contestant.threads,
    ...(error === undefined ? {} : { error }),
  };
  if (fault !== undefined) return { ...row, fault };
  const times = timesOf(outcome);
  const base = all.find((other) => isOurs(other.contestant) && other.contestant.threads === row.threads);
  const cpus = rounds.flatMap(({ cpu }) => cpu ?? []);
  const ran = rounds.at(-1)?.ran;
  const hasRatio = base !== undefined && base !== outcome && base.fault === undefined;
  return {
    ...row,
    times: summarize(times.flat()),
    ...(cpus.length > 0 ? { cpu: median(cpus) } : {}),
    ...(ran === undefined ? {} : { ran }),
    ...(hasRatio ? { ratio: summarizeRatio(times, timesOf(base)) } : {}),
  };
}

function timesOf({ rounds }: Outcome): (readonly number[])[] {
  return rounds.map(({ times }) => times);
}

function isOurs({ kind }: Competitor): boolean {
  return kind.name === OURS;
}

/** The rows of one peer with a number of threads, in one mode. */
export interface PeerRows {
  readonly mode: Mode;
  readonly threads: number;
  /** One for each case that it took part in. */
  readonly rows: { readonly case: BenchCase; readonly row: Row }[];
}

/** Of the peers that are compared with this package, mode by mode. */
export function rowsByPeer(results: readonly CaseResult[]): PeerRows[] {
  const peers = new Map<string, PeerRows>();
  for (const { case: benchCase, rows } of results)
    for (const row of rows) {
      if (row.peer === OURS) continue;
      const { mode } = benchCase;
      const { threads } = row;
      const key = `${mode} ${row.peer} ${threads}`;
      const ofPeer = peers.get(key) ?? { mode, threads, rows: [] };
      ofPeer.rows.push({ case: benchCase, row });
      peers.set(key, ofPeer);
    }
  return [...peers.values()];
}

/** One thread beside two. */
export interface ThreadsResult {
  readonly case: BenchCase;
  /** Whether another process was busy. */
  readonly isBusy: boolean;
  /** Mean milliseconds of a call on one thread, the median of turns. */
  readonly milliseconds: number;
  /** Mean time of a call on two threads over that on one, turn by turn; undefined where every burst was left out. */
  readonly ratio: Summary | undefined;
  readonly bursts: number;
  /** Bursts without a second processor. */
  readonly leftOut: number;
}
