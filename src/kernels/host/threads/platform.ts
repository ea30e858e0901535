import { nodeWorkers } from './node-workers.js';
import { webWorkers } from './web-workers.js';
import type { WorkerPlatform } from './worker.js';

/** What workers come from here; undefined where there are none. */
export function workerPlatform(): WorkerPlatform | undefined {
  return nodeWorkers() ?? webWorkers();
}

/** Why no worker can help the calling thread; undefined where one may. */
export function whyAlone(platform: WorkerPlatform | undefined): string | undefined {
  return platform === undefined ? 'no worker can start here' : platform.whyNotShared;
}

/** Whether this thread may sleep. The main thread of a page must not: `Atomics.wait` throws there. */
export function maySleep({ buffer }: WebAssembly.Memory): boolean {
  try {
    Atomics.wait(new Int32Array(buffer), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
