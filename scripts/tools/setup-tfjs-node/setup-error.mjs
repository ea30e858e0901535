// @ts-check

/** A reason the set-up cannot go on, worded for the person who runs it. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}
