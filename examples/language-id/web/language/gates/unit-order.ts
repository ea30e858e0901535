import type { GruWeights } from './compute-gates.js';

/**
 * The units of a layer, those first that keep their state by default: by the bias of z. The order is that of the weights, so
 * no row moves while somebody types.
 */
export function unitOrder({ hiddenSize: H, biasIh, biasHh }: GruWeights): number[] {
  const bias = (unit: number) => biasIh[H + unit] + biasHh[H + unit];
  return Array.from({ length: H }, (_, unit) => unit).sort((a, b) => bias(b) - bias(a));
}
