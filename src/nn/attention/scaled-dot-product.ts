import { add, mul, reshape, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { emptyOf } from '../empty.js';
import { lending, usingUp } from '../in-turn.js';
import { choose } from '../indexing/choose.js';
import { matmul } from '../matmul.js';
import { expand } from '../shape/expand.js';
import { swapAxes } from '../shape/permute.js';
import { safeSoftmax } from './safe-softmax.js';

export interface AttentionOptions {
  /** bool, true where a query sees a key, or float32, added to the scores; broadcasts over `[..., L, S]`. */
  readonly mask?: Tensor | undefined;
  /** Whether query i sees the keys 0..i alone. @default false */
  readonly isCausal?: boolean | undefined;
  /** @default 1 / sqrt(E) */
  readonly scale?: number | undefined;
  /** Applied to the weights. @default none */
  readonly dropout?: ((weights: Tensor) => Tensor) | undefined;
}

/**
 * `torch.nn.functional.scaled_dot_product_attention`: `softmax(query @ key^T * scale + mask) @ value`; a query that sees no key gets
 * zeros. Call inside `tidy`.
 *
 * @param query float32 `[..., L, E]`.
 * @param key `[..., S, E]`; a divisor of the query's heads, `[..., H, S, E]`, is repeated.
 * @param value `[..., S, V]`.
 * @returns `[..., L, V]`.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  return usingUp(
    query,
    (rows) => attentionScores(rows, key, options),
    safeSoftmax,
    (weights) => attended(weights, value, options),
  );
}

/** The scores before the softmax, `[..., L, S]`. */
export function attentionScores(
  query: Tensor,
  key: Tensor,
  { mask, isCausal = false, scale }: AttentionOptions = {},
): Tensor {
  const [queries, size] = query.shape.slice(-2) as [number, number];
  const keys = key.shape.at(-2) as number;
  const factor = scale ?? 1 / Math.sqrt(size);
  const products = usingUp(
    key,
    (value) => swapAxes(value, key.rank - 2, key.rank - 1),
    (columns) =>
      usingUp(
        query,
        (value) => mul(value, factor),
        (rows) => matmul(rows, columns),
      ),
  );
  const visible = isCausal ? causalMask(queries, keys) : mask;
  return !visible || products.size === 0 ? products : lending([products], () => masked(products, visible));
}

/** What queries get of the values, by their weights. */
export function attended(weights: Tensor, value: Tensor, { dropout }: AttentionOptions): Tensor {
  if (weights.size === 0)
    return emptyOf([...weights.shape.slice(0, -1), value.shape.at(-1) as number], [weights, value]);
  return dropout ? usingUp(weights, dropout, (kept) => matmul(kept, value)) : matmul(weights, value);
}

function masked(scores: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== 'bool') return usingUp(scores, (each) => add(each, mask));
  return choose(mask, scores, scalar(Number.NEGATIVE_INFINITY));
}

function causalMask(queries: number, keys: number): Tensor {
  const isSeen = Array.from({ length: queries * keys }, (_, i) => i % keys <= Math.floor(i / keys));
  return tensor(isSeen, [queries, keys], 'bool');
}

/** Each head of keys or values as often as there are heads of queries for it: `[..., H, S, E]` to `[..., G * H, S, E]`. */
export function repeatHeads(x: Tensor, heads: number): Tensor {
  const [own, ...matrix] = x.shape.slice(-3) as [number, number, number];
  if (own === heads) return x;
  const batch = x.shape.slice(0, -3);
  const repeated = expand(reshape(x, [...batch, own, 1, ...matrix]), [...batch, own, heads / own, ...matrix]);
  return reshape(repeated, [...batch, heads, ...matrix]);
}
