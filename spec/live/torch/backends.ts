import * as tf from '@tensorflow/tfjs';
import type { WorstErrors } from './compare.js';
import type { Session } from './session.js';

export async function useBackend(name: string): Promise<void> {
  if (tf.getBackend() === name) return;
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
}

export interface Comparison {
  /** Whose errors are measured together. */
  readonly group: string;
  readonly title: string;
  /** What runs it again: a part of main.ts and the seed of its first case. */
  readonly part: string;
  readonly seed: number;
}

/** One check on every backend of the session: `body` throws what differs, and must leave no tensor behind. */
export async function onEachBackend(
  { backends, tally, measurements, replay }: Session,
  { group, title, part, seed }: Comparison,
  body: (worst: WorstErrors) => void,
): Promise<void> {
  for (const backend of backends) {
    await useBackend(backend);
    await measurements.during(group, backend, (worst) =>
      tally.check(`${title} on ${backend}`, replay({ part, seed, backend }), () =>
        withoutLeak(() => body(worst)),
      ),
    );
  }
}

function withoutLeak(body: () => void): void {
  const before = tf.memory().numTensors;
  body();
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`${leaked} tensors more than before`);
}
