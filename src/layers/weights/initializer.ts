import { initializers } from '@tensorflow/tfjs-layers';

/** torch's initial values of a parameter: U(-1/sqrt(H), 1/sqrt(H)), repeatable with a seed. */
export function torchInitializer(name: string, hiddenSize: number, seed: number | undefined) {
  const bound = hiddenSize === 0 ? 0 : 1 / Math.sqrt(hiddenSize);
  const ownSeed = seed === undefined ? undefined : mixSeed(seed, name);
  return initializers.randomUniform({ minval: -bound, maxval: bound, seed: ownSeed });
}

/** A seed for each parameter, unrelated to those of neighbouring seeds (FNV-1a over both). */
function mixSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
