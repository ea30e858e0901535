/** The values that torch gives new parameters. */

import { initializers } from '@tensorflow/tfjs-layers';

export type Initializer = ReturnType<typeof initializers.zeros>;

/** U(-bound, bound), repeatable with a seed. */
export function uniform(name: string, bound: number, seed: number | undefined): Initializer {
  const ownSeed = seed === undefined ? undefined : mixSeed(seed, name);
  return initializers.randomUniform({ minval: -bound, maxval: bound, seed: ownSeed });
}

/** A seed for each parameter, unrelated to those of neighbouring seeds (FNV-1a over both). */
function mixSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
