/** The values that torch gives new parameters. */

import { initializers } from '@tensorflow/tfjs-layers';

export type Initializer = ReturnType<typeof initializers.zeros>;

/** U(-bound, bound), repeatable with a seed. */
export function uniform(name: string, bound: number, seed: number | undefined): Initializer {
  return initializers.randomUniform({ minval: -bound, maxval: bound, seed: ownSeed(name, seed) });
}

/** N(0, 1), repeatable with a seed. */
export function normal(name: string, seed: number | undefined): Initializer {
  return initializers.randomNormal({ mean: 0, stddev: 1, seed: ownSeed(name, seed) });
}

function ownSeed(name: string, seed: number | undefined): number | undefined {
  return seed === undefined ? undefined : mixSeed(seed, name);
}

/** A seed for each parameter, unrelated to those of neighbouring seeds (FNV-1a over both). */
function mixSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
