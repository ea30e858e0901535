/**
 * Skips a test, or from a `before` hook its suite, and has the reporter say why. The reason takes the place of the tests' source,
 * since a parallel run hands the reporter no more of a test.
 */
export function skip(context: Mocha.Context, reason: string): never {
  const runnable = context.runnable();
  const note = (test: Mocha.Runnable) => Object.assign(test, { body: `skipped: ${reason}` });
  if ('type' in runnable && runnable.type === 'hook') runnable.parent?.eachTest(note);
  else note(runnable);
  return context.skip();
}

export const NO_TFJS_NODE = 'tfjs-node is not installed: npm run setup:tfjs-node installs it';
