/**
 * What a program of torch.export costs: its calls beside the same calls of tf by hand, and a bidirectional classifier beside its port to
 * tf.layers. In turns, on each backend.
 *
 *     npm run bench:program -- [--backends L] [--runs N] [--quick]
 */

import { parseArgs } from 'node:util';
import { BACKENDS, startBackend } from '../../../examples/support/backend.js';
import { readInteger, readNames } from '../../support/options.js';
import { runCommand } from '../../support/run-command.js';
import { describeMachine } from '../machine.js';
import { machineText, table } from '../report.js';
import type { Summary } from '../stats.js';
import { CHAINS, type Chain, openChain } from './chains.js';
import { openClassifier } from './classifier.js';
import { type Measured, measure, type Turns } from './pairs.js';

const USAGE = `npm run bench:program -- [options]
  --backends L   of ${BACKENDS.join()}; default all
  --runs N       turns of each; default 31, with --quick 3
  --quick        short turns, to see that everything runs`;

const spread = ({ median, p10, p90 }: Summary, decimals: number) => [
  median.toFixed(decimals),
  `${p10.toFixed(decimals)} to ${p90.toFixed(decimals)}`,
];

function chainRow({ name, nodes }: Chain, { byHand, more, ratio }: Measured): string[] {
  const perNode = { ...more, median: more.median / nodes, p10: more.p10 / nodes, p90: more.p90 / nodes };
  return [name, `${nodes}`, byHand.median.toFixed(0), ...spread(perNode, 2), ...spread(ratio, 2)];
}

async function measureBackend(backend: (typeof BACKENDS)[number], turns: Turns): Promise<void> {
  await startBackend(backend);
  console.log(`\n${backend}`);
  const rows: string[][] = [];
  for (const chain of CHAINS) {
    const pair = await openChain(chain);
    rows.push(chainRow(chain, measure(pair, turns)));
    pair.dispose();
  }
  console.log(
    table([['chain', 'calls', 'µs by hand', 'µs more a call', 'p10 to p90', 'ratio', 'p10 to p90'], ...rows]),
  );
  const pair = await openClassifier();
  const { byHand, ratio } = measure(pair, turns);
  pair.dispose();
  console.log(
    table([
      ['classifier', 'µs of its port', 'ratio', 'p10 to p90'],
      ['32 rows of 12 to 40', byHand.median.toFixed(0), ...spread(ratio, 3)],
    ]),
  );
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backends: { type: 'string', default: BACKENDS.join() },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const backends = readNames('--backends', values.backends, BACKENDS);
  const rounds = readInteger('--runs', values.runs ?? (values.quick ? '3' : '31'), 1, 9999);
  console.log(machineText(describeMachine()));
  for (const backend of backends) await measureBackend(backend, { rounds, turnMs: values.quick ? 5 : 60 });
}

await runCommand(() => main(process.argv.slice(2)));
