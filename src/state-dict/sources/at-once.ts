/**
 * Runs jobs, at most so many at once, in the order of the items, which are taken one by one. When one fails or the signal aborts, those under way get an
 * aborted signal and no other begins.
 *
 * @throws when all have ended, what the first that failed threw, or the reason of the signal.
 */
export async function runAtOnce<T>(
  items: Iterable<T>,
  most: number,
  outer: AbortSignal | undefined,
  run: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) abort();
  outer?.addEventListener('abort', abort, { once: true });
  const rest = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const { done, value } = rest.next();
      if (done) return;
      await run(value, signal);
    }
  };
  try {
    // The first reason stays: that of the others is the abort.
    const abortAll = (error: unknown): void => controller.abort(error);
    await Promise.all(Array.from({ length: most }, () => work().catch(abortAll)));
    signal.throwIfAborted();
  } finally {
    outer?.removeEventListener('abort', abort);
  }
}
