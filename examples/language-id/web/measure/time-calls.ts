/** Times a function: calls in groups that are long enough for the clock, until there are enough of them or time is up. */

import { median } from '../numbers.js';

export interface Timing {
  readonly milliseconds: number;
  readonly calls: number;
}

/** Browsers round their clocks to 100 µs where a page is not isolated. */
const GROUP_MS = 4;
const MOST_GROUPS = 25;
const MOST_MS = 600;

/** The median over groups of calls. The first call is not measured: it compiles. */
export async function timeCalls(run: () => Promise<void>, now = () => performance.now()): Promise<Timing> {
  await run();
  const timeGroup = async (calls: number) => {
    const start = now();
    for (let i = 0; i < calls; i++) await run();
    return (now() - start) / calls;
  };
  const begin = now();
  const one = await timeGroup(1);
  const perGroup = Math.max(1, Math.ceil(GROUP_MS / Math.max(one, 1e-3)));
  const times = [perGroup === 1 ? one : await timeGroup(perGroup)];
  while (times.length < MOST_GROUPS && now() - begin < MOST_MS) times.push(await timeGroup(perGroup));
  return { milliseconds: median(times), calls: times.length * perGroup };
}
