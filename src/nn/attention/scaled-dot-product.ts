import { add, mul, reshape, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { emptyOf } from '../empty.js';
import { inTurn } from '../in-turn.js';
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
 * @returns the output `[..., L, V]`, the weights `[..., L, S]`, and the scores before the softmax.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { mask, isCausal = false, scale, dropout }: AttentionOptions = {},
): { readonly output: Tensor; readonly weights: Tensor; readonly scores: Tensor } {
  const [queries, size] = query.shape.slice(-2) as [number, number];
  const keys = key.shape.at(-2) as number;
  const factor = scale ?? 1 / Math.sqrt(size);
  const products = inTurn(
    key,
    (value) => swapAxes(value, key.rank - 2, key.rank - 1),
    (columns) =>
      inTurn(
        query,
        (value) => mul(value, factor),
        (rows) => matmul(rows, columns),
      ),
  );
  if (products.size === 0) {
    const output = emptyOf(
      [...products.shape.slice(0, -1), value.shape.at(-1) as number],
      [query, key, value],
    );
    return { output, weights: products, scores: products };
  }
  const visible = isCausal ? causalMask(queries, keys) : mask;
  const scores = visible ? masked(products, visible) : products;
  const weights = safeSoftmax(scores);
  return { output: matmul(dropout ? dropout(weights) : weights, value), weights, scores };
}

function masked(scores: Tensor, mask: Tensor): Tensor {
  if (mask.dtype !== 'bool') return add(scores, mask);
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
