/** The process that reads the inputs. It notes the current input in a file: the parent then knows which input ended or stopped it. */

import { openSync, writeFileSync, writeSync } from 'node:fs';
import { Campaign } from './campaign.js';
import { againCommand, type FuzzOptions, noteOf } from './options.js';

const MOST_FAILURES = 20;

/** Memory limit of this process. Node itself takes 200 to 300 MiB, and the reader's limits allow each file some tens. */
const MAX_RSS_MIB = 1024;

/** Number of inputs between two looks at the clock. */
const BLOCK = 50;

async function main(): Promise<void> {
  const [, , format = '', text = '', noteFile = ''] = process.argv;
  const options = JSON.parse(text) as FuzzOptions;
  const note = openSync(noteFile, 'w');
  const campaign = new Campaign(options.seed, format);
  const start = performance.now();
  const { first, end, until } = rangeOf(options, start);
  let [index, failures] = [first, 0];
  for (; index < end && failures < MOST_FAILURES; index++) {
    if (index % BLOCK === 0 && performance.now() > until) break;
    const id = { seed: options.seed, format, index };
    writeSync(note, noteOf(id), 0, 'latin1');
    try {
      if (options.keep) writeFileSync(options.keep, campaign.make(index).bytes);
      await campaign.judge(index);
      // The peak never falls, so the input that raised it past the limit is the one to blame.
      if (peakMib() > MAX_RSS_MIB) throw new Error(`the process has grown to ${peakMib()} MiB`);
    } catch (error) {
      failures++;
      const reason = error instanceof Error ? error.stack : error;
      process.send?.(`${reason}\n  again: ${againCommand(id)}`);
    }
  }
  campaign.end();
  print(campaign, index - first, performance.now() - start);
}

/** Node counts in kilobytes. */
function peakMib(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** The inputs: one, a count, or all until this format's share of the time is over. */
function rangeOf({ input, count, minutes, formats }: FuzzOptions, start: number) {
  if (input !== undefined) return { first: input, end: input + 1, until: Infinity };
  if (minutes === undefined) return { first: 0, end: count, until: Infinity };
  return { first: 0, end: Infinity, until: start + (minutes * 60_000) / formats.length };
}

function print({ format, verdicts, slowestMs }: Campaign, inputs: number, ms: number): void {
  const read = verdicts.get('read') ?? 0;
  const others = [...verdicts].filter(([verdict]) => verdict !== 'read').sort((a, b) => b[1] - a[1]);
  const most = others.slice(0, 4).map(([verdict, count]) => `${verdict} ${count}`);
  const slowest = `slowest ${slowestMs.toFixed(0)} ms, at most ${peakMib()} MiB of memory`;
  const seconds = (ms / 1000).toFixed(0);
  console.log(
    `    ${format}: ${inputs} in ${seconds} s, ${slowest}; read ${read}, refused ${inputs - read}, ` +
      `${others.length} reasons: ${most.join(', ')}${others.length > most.length ? ', ...' : ''}`,
  );
}

await main();
