import { message } from '../../../check.js';

/**
 * A trap, or a worker that is lost in a job, has left the engine's memory in an unknown state: the engine must not be used any
 * more. The next call starts another.
 */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
}

const CALL_AGAIN = 'Call again: another engine starts, on one thread; setThreads starts others';

/** The error of a round of jobs in which a worker was lost. */
export function lostInThreads(got: string): EngineLostError {
  return new EngineLostError(message('engine threads', 'jobs', 'all to be finished', got, CALL_AGAIN));
}

/** The error of a call in which the engine threw `cause`; `cause` itself where it is such an error. */
export function lostBy(cause: unknown): EngineLostError {
  if (cause instanceof EngineLostError) return cause;
  const got = `a trap (${cause instanceof Error ? cause.message : cause})`;
  return new EngineLostError(message('engine', 'call', 'to be finished', got, CALL_AGAIN), { cause });
}
