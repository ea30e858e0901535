import { message } from '../../../check.js';

/**
 * A trap, or a thread that did not come back, has left the engine's memory in a state that nobody knows: the engine must not be
 * used any more. The next call makes another.
 */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
}

const CALL_AGAIN = 'Call again: another engine starts, on one thread; setThreads starts others';

/** The error of jobs whose threads are not all there any more. */
export function lostInThreads(got: string): EngineLostError {
  return new EngineLostError(message('engine threads', 'jobs', 'all to be finished', got, CALL_AGAIN));
}

/** The error of a call whose function threw `cause`; itself where that says so already. */
export function lostBy(cause: unknown): EngineLostError {
  if (cause instanceof EngineLostError) return cause;
  const got = `a trap (${cause instanceof Error ? cause.message : cause})`;
  return new EngineLostError(message('engine', 'call', 'to be finished', got, CALL_AGAIN), { cause });
}
