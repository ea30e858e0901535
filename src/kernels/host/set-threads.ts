import { checkInteger, message } from '../../check.js';
import { host } from './host.js';
import { MAX_THREADS } from './threads/thread-count.js';

/**
 * Sets how many threads the fused kernels use, the calling one among them. Workers start when a call is large enough for
 * them, and never keep the process alive. In browsers they need a cross-origin isolated page, and a policy that allows workers
 * from `blob:` URLs. Where none can start, everything runs on the calling thread; `describeKernels` says why, and so does a warning.
 *
 * Outputs and the gradients of inputs are the same to the bit on any number of threads. Gradients of weights are sums over parts
 * of the batch, one part for each thread: with another number they may differ by rounding.
 *
 * @param count 1 to 16. @default one for each processor, 4 at most
 * @throws TypeError, RangeError for anything else.
 */
export function setThreads(count: number): void {
  checkInteger('setThreads', 'count', count, 1);
  if (count > MAX_THREADS)
    throw new RangeError(message('setThreads', 'count', `at most ${MAX_THREADS}`, String(count)));
  host.setThreads(count);
}
