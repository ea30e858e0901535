import { emptyLike, isSameShape, type Scheme } from './scheme.js';

/**
 * `w = orig * mask`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.prune.remove.html
 */
export const pruned: Scheme = {
  name: 'pruning',
  suffixes: ['_orig', '_mask'],
  main: 0,
  shapeOf: ([original, mask]) => (original && mask && isSameShape(original, mask) ? original : undefined),
  compute([original, mask]) {
    if (original === undefined || mask === undefined) return undefined;
    const weight = emptyLike(original);
    for (let i = 0; i < weight.length; i++)
      weight[i] = (original.values[i] as number) * (mask.values[i] as number);
    return weight;
  },
};
