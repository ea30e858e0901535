import * as tf from '@tensorflow/tfjs';
import { check } from '../command.js';
import type { WorstErrors } from './compare.js';
import type { Part } from './options.js';
import type { Session } from './session.js';

export interface Comparison {
  /** Comparisons of one group are measured together. */
  readonly group: string;
  readonly title: string;
  /** This part and the seed of its first case repeat the comparison. */
  readonly part: Part;
  readonly seed: number;
}

/** A test on each backend: `body` throws what differs, and must leave no tensor behind. */
export function compareOnEachBackend(
  session: Session,
  { group, title, part, seed }: Comparison,
  body: (worst: WorstErrors) => Promise<void>,
): void {
  checkOnEachBackend(session, title, { part, seed }, (backend) =>
    session.measurements.during(group, backend, body),
  );
}

/** The same without measurements. */
export function checkOnEachBackend(
  session: Session,
  title: string,
  { part, seed }: { readonly part: Part; readonly seed?: number },
  body: (backend: string) => Promise<void>,
): void {
  for (const backend of session.backends)
    check(`${title} on ${backend}`, session.again({ part, seed, backend }), async () => {
      await useBackend(backend);
      await withoutLeak(() => body(backend));
    });
}

async function useBackend(name: string): Promise<void> {
  if (tf.getBackend() === name) return;
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
}

async function withoutLeak(body: () => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  await body();
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`${leaked} tensors more than before`);
}
