/** What torch's modules run in evaluation in place of their parts: multi-head attention and a layer of the transformer's encoder. */

import {
  add,
  erf,
  expandDims,
  logicalNot,
  mean,
  mul,
  relu,
  reshape,
  slice,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { safeSoftmax } from '../../../nn/attention/safe-softmax.js';
import { attended, attentionScores } from '../../../nn/attention/scaled-dot-product.js';
import { inTurn, keeping, lending, usingUp } from '../../../nn/in-turn.js';
import { linear } from '../../../nn/linear.js';
import { layerNorm } from '../../../nn/norm/layer-norm.js';
import { permute } from '../../../nn/shape/permute.js';
import type { OpFunction } from '../types.js';

/** torch's numbers for masks: `[L, S]`, `[B, S]`, or one of each head of each sample. */
const KEY_PADDING = 1;

/** True where a key is seen, over `[B, heads, L, S]`. torch's is true where it is not. */
function visible(mask: Tensor | null, kind: number | null): Tensor | undefined {
  if (!mask) return undefined;
  const seen = logicalNot(mask);
  return kind === KEY_PADDING ? expandDims(expandDims(seen, 1), 1) : seen;
}

function selfAttention(
  inputs: readonly Tensor[],
  size: number,
  heads: number,
  weight: Tensor,
  bias: Tensor,
  mask: Tensor | undefined,
): { readonly output: Tensor; readonly weights: Tensor } {
  // The same tensor may be all three.
  const [query, key, value] = keeping(inputs, () =>
    inputs.map((input, i) => {
      const [batch, steps] = input.shape as [number, number, number];
      const rows = slice(weight, [i * size, 0], [size, size]);
      return usingUp(
        input,
        (x) => linear(x, rows, slice(bias, [i * size], [size])),
        (projected) => reshape(projected, [batch, steps, heads, size / heads]),
        (projected) => permute(projected, [0, 2, 1, 3]),
      );
    }),
  ) as [Tensor, Tensor, Tensor];
  return lending([query, key, value], () => {
    const weights = usingUp(query, (each) => attentionScores(each, key, { mask }), safeSoftmax);
    const [batch, , steps] = weights.shape as [number, number, number, number];
    const output = inTurn(
      weights,
      (each) => attended(each, value, {}),
      (heads) => permute(heads, [0, 2, 1, 3]),
      (all) => reshape(all, [batch, steps, size]),
    );
    return { output, weights };
  });
}

function multiHead(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  size: number,
  heads: number,
  weight: Tensor,
  bias: Tensor,
  outWeight: Tensor,
  outBias: Tensor,
  mask: Tensor | null,
  needsWeights: boolean,
  averages: boolean,
  kind: number | null,
): (Tensor | null)[] {
  const seen = visible(mask, kind);
  const { output, weights } = selfAttention([query, key, value], size, heads, weight, bias, seen);
  const shown = averages ? mean(weights, 1) : weights;
  return [linear(output, outWeight, outBias), needsWeights ? shown : null];
}

function encoderLayer(
  src: Tensor,
  size: number,
  heads: number,
  weight: Tensor,
  bias: Tensor,
  outWeight: Tensor,
  outBias: Tensor,
  usesGelu: boolean,
  normFirst: boolean,
  eps: number,
  ...rest: (Tensor | number | null)[]
): Tensor {
  const [normWeight1, normBias1, normWeight2, normBias2, weight1, bias1, weight2, bias2] = rest as Tensor[];
  const seen = visible(rest[8] as Tensor | null, rest[9] as number | null);
  const norm = (x: Tensor, i: 1 | 2) => {
    const affine =
      i === 1 ? { weight: normWeight1, bias: normBias1 } : { weight: normWeight2, bias: normBias2 };
    return layerNorm(x, 1, affine, eps).output;
  };
  const attend = (x: Tensor) =>
    linear(selfAttention([x, x, x], size, heads, weight, bias, seen).output, outWeight, outBias);
  const feed = (x: Tensor) => {
    const hidden = linear(x, weight1 as Tensor, bias1);
    return linear(usesGelu ? gelu(hidden) : relu(hidden), weight2 as Tensor, bias2);
  };
  const plus = (x: Tensor, run: (x: Tensor) => Tensor) =>
    add(
      x,
      keeping([x], () => run(x)),
    );
  if (normFirst) {
    const x = plus(src, (each) => attend(norm(each, 1)));
    return plus(x, (each) => feed(norm(each, 2)));
  }
  const x = norm(plus(src, attend), 1);
  return norm(plus(x, feed), 2);
}

/** `x * (1 + erf(x / sqrt(2))) / 2` */
function gelu(x: Tensor): Tensor {
  return mul(x, mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5));
}

export const MULTI_HEAD: Readonly<Record<string, OpFunction>> = {
  'aten::_native_multi_head_attention(Tensor query, Tensor key, Tensor value, int embed_dim, int num_head, Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, Tensor? mask=None, bool need_weights=True, bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)':
    multiHead,
  'aten::_transformer_encoder_layer_fwd(Tensor src, int embed_dim, int num_heads, Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? mask=None, int? mask_type=None) -> Tensor':
    encoderLayer,
};
