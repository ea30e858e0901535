/** What the last call on each backend ran, for those who ask. */
export const lastRuns = new Map<string, 'fused' | 'reference'>();
