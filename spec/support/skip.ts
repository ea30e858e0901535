/** Skips a test, or from a `before` hook its suite, and has the reporter say why. */
export function skip(context: Mocha.Context, reason: string): never {
  const runnable = context.runnable();
  const isHook = 'type' in runnable && runnable.type === 'hook';
  const skipped = isHook && runnable.parent ? runnable.parent : runnable;
  Object.assign(skipped, { skipReason: reason });
  return context.skip();
}

export const NO_TFJS_NODE = 'tfjs-node is not installed: npm run setup:tfjs-node installs it';
