/**
 * A trap, or a thread that did not come back, has left the engine's memory in a state that nobody knows: the engine must not be
 * used any more. The next call makes another.
 */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
}
