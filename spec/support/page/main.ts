/** Runs specs in a page: `?specs=PATH,...` are modules under /bundles, `?grep=` is mocha's own. Events go to the server. */

import '@tensorflow/tfjs';
import { mochaHooks } from '../root-hooks.js';
import { type PageEvent, send } from './events.js';
import './backends.js';

/** A bound on what hangs: a processor that emulates a GPU may take a minute for a second-order gradient. */
const TIMEOUT_MS = 300_000;

const specs = new URLSearchParams(location.search).get('specs')?.split(',') ?? [];

function describeTest(test: Mocha.Test): Pick<PageEvent, 'title' | 'fullTitle' | 'duration' | 'body'> {
  // The reason of skip() stands in the place of the source, which nobody needs.
  const body = test.body?.startsWith('skipped: ') ? test.body : undefined;
  return { title: test.title, fullTitle: test.fullTitle(), duration: test.duration, body };
}

function report(runner: Mocha.Runner): void {
  runner.on('suite', ({ title, root }) => root || send({ event: 'suite', title }));
  runner.on('suite end', ({ title, root }) => root || send({ event: 'suite end', title }));
  runner.on('test', ({ title }) => send({ event: 'test', title }));
  runner.on('pass', (test) => send({ event: 'pass', ...describeTest(test) }));
  runner.on('pending', (test) => send({ event: 'pending', ...describeTest(test) }));
  runner.on('fail', (test, { message, stack }: Error) =>
    send({ event: 'fail', ...describeTest(test), message, stack }),
  );
}

mocha.setup({
  ui: 'bdd',
  timeout: TIMEOUT_MS,
  rootHooks: mochaHooks,
  reporter: report as unknown as Mocha.ReporterConstructor,
});
for (const spec of specs) {
  try {
    await import(`/bundles/${spec}`);
  } catch (error) {
    const { message, stack } = error as Error;
    send({ event: 'fail', title: spec, fullTitle: `${spec} loads`, message, stack });
  }
}
mocha.run(() => send({ event: 'end', title: '' }));
