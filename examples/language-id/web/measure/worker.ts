/** Measures the layers on one backend, off the page's thread. */

import { startBackend } from '../backends.js';
import { start } from './contestants.js';
import { CONTESTANT_NAMES, type Reply, type Request } from './protocol.js';
import { timeCalls } from './time-calls.js';

function reply(message: Reply): void {
  postMessage(message);
}

addEventListener('message', async ({ data: { backend, size } }: MessageEvent<Request>) => {
  try {
    await startBackend(backend);
    for (const contestant of CONTESTANT_NAMES) {
      reply({ kind: 'running', contestant });
      const running = start(contestant, size);
      const timing = await timeCalls(running.run);
      reply({ kind: 'result', contestant, result: { ...timing, note: running.note() } });
      running.dispose();
    }
    reply({ kind: 'done' });
  } catch (error) {
    reply({ kind: 'failed', message: (error as Error).message });
  }
});
