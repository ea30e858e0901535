/** The command line. */

import { parseArgs } from 'node:util';
import { BACKENDS, type Backend } from '../../examples/support/backend.js';
import { readInteger, readName, readNames } from '../support/options.js';
import { CELLS, type CellName, MODES, type Mode, SHAPES } from './cases.js';
import { KINDS } from './contestants.js';

export const PARTS = ['compare', 'growth', 'overhead', 'threads'] as const;
export type Part = (typeof PARTS)[number];

/** Options that every benchmark has. */
export interface CommonOptions {
  readonly cells: readonly CellName[];
  readonly modes: readonly Mode[];
  /** Undefined: all of GRU, some of the others. */
  readonly shapes: readonly string[] | undefined;
  readonly threads: readonly number[];
  readonly rounds: number;
  /** Whether a busy process runs beside the part `compare`. */
  readonly isBusy: boolean;
  readonly isQuick: boolean;
  readonly json: string | undefined;
}

export interface Options extends CommonOptions {
  readonly parts: readonly Part[];
  readonly backend: Backend;
  readonly peers: readonly string[];
  /** Whether the user named the peers: then a missing one is an error. */
  readonly hasChosenPeers: boolean;
  readonly svg: string | undefined;
}

const PEERS = KINDS.map(({ name }) => name);
const SHAPE_NAMES = SHAPES.map(({ name }) => name);

export const COMMON_USAGE = `  --cells L      of ${CELLS.join()}
  --cases L      of ${SHAPE_NAMES.join()}; default all of GRU, seed,b1,tiny of the others
  --modes L      of ${MODES.join()}; training is forward and backward
  --threads L    default 1,2
  --runs N       turns of each peer in a case, bursts of the part threads; default 7, with --quick 2
  --busy         part compare beside one busy process
  --json FILE    everything that was measured
  --quick        few and short turns without the large case, to see that everything runs`;

export const USAGE = `npm run bench -- [options]
  --parts L      of ${PARTS.join()}
  --backend B    ${BACKENDS.join(' | ')}; default wasm
  --peers L      of ${PEERS.join()}
${COMMON_USAGE}
  --svg FILE     a chart of the ratios, GRU forward`;

/** As `parseArgs` takes them. */
export const COMMON_ARGUMENTS = {
  cells: { type: 'string', default: CELLS.join() },
  cases: { type: 'string' },
  modes: { type: 'string', default: MODES.join() },
  threads: { type: 'string', default: '1,2' },
  runs: { type: 'string' },
  busy: { type: 'boolean', default: false },
  json: { type: 'string' },
  quick: { type: 'boolean', default: false },
} as const;

export interface CommonValues {
  readonly cells: string;
  readonly cases?: string | undefined;
  readonly modes: string;
  readonly threads: string;
  readonly runs?: string | undefined;
  readonly busy: boolean;
  readonly json?: string | undefined;
  readonly quick: boolean;
}

/** @throws Error that names the option. */
export function readCommon({ quick, busy, json, ...values }: CommonValues): CommonOptions {
  return {
    cells: readNames('--cells', values.cells, CELLS),
    modes: readNames('--modes', values.modes, MODES),
    shapes: values.cases === undefined ? undefined : readNames('--cases', values.cases, SHAPE_NAMES),
    threads: [...new Set(values.threads.split(','))].map((text) => readInteger('--threads', text, 1, 9999)),
    rounds: readInteger('--runs', values.runs ?? (quick ? '2' : '7'), 1, 9999),
    isBusy: busy,
    isQuick: quick,
    json,
  };
}

/** @throws Error that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...COMMON_ARGUMENTS,
      backend: { type: 'string', default: 'wasm' },
      peers: { type: 'string' },
      parts: { type: 'string', default: PARTS.join() },
      svg: { type: 'string' },
    },
  });
  const { svg, peers } = values;
  const chosen = peers === undefined ? undefined : readNames('--peers', peers, PEERS);
  return {
    ...readCommon(values),
    parts: readNames('--parts', values.parts, PARTS),
    backend: readName('--backend', values.backend, BACKENDS),
    // Everything is measured against this package.
    peers: PEERS.filter((name) => name === 'ours' || !chosen || chosen.includes(name)),
    hasChosenPeers: chosen !== undefined,
    svg,
  };
}
