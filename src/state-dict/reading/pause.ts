/** Lets timers and events run, such as one that aborts: streams would go on before them. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
