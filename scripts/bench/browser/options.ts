/** The command line. */

import { parseArgs } from 'node:util';
import { readNames } from '../../support/options.js';
import { COMMON_ARGUMENTS, COMMON_USAGE, type CommonOptions, readCommon } from '../options.js';
import { BACKENDS, type Backend, KINDS, PLACES, type Place } from './settings.js';

export const PARTS = ['compare', 'threads', 'work', 'first'] as const;
export type Part = (typeof PARTS)[number];

export interface Options extends CommonOptions {
  readonly parts: readonly Part[];
  readonly backends: readonly Backend[];
  readonly places: readonly Place[];
  readonly peers: readonly string[];
}

const PEERS = KINDS.map(({ name }) => name);

export const USAGE = `npm run bench:browser -- [options]
  --parts L      of ${PARTS.join()}
  --backends L   of ${BACKENDS.join()}
  --data L       of ${PLACES.join()}: where a call finds its data, on webgl and webgpu
  --peers L      of ${PEERS.join()}
${COMMON_USAGE}`;

/** @throws Error that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...COMMON_ARGUMENTS,
      parts: { type: 'string', default: PARTS.join() },
      backends: { type: 'string', default: BACKENDS.join() },
      data: { type: 'string', default: PLACES.join() },
      peers: { type: 'string', default: PEERS.join() },
    },
  });
  const chosen = readNames('--peers', values.peers, PEERS);
  return {
    ...readCommon(values),
    parts: readNames('--parts', values.parts, PARTS),
    backends: readNames('--backends', values.backends, BACKENDS),
    places: readNames('--data', values.data, PLACES),
    // Everything is measured against this package.
    peers: PEERS.filter((name) => name === 'ours' || chosen.includes(name)),
  };
}
