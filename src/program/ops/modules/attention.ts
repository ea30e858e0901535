/** Embeddings and attention. */

import { dropout, mul, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { safeSoftmax } from '../../../nn/attention/safe-softmax.js';
import {
  type AttentionOptions,
  attended,
  attention,
  attentionScores,
  repeatHeads,
} from '../../../nn/attention/scaled-dot-product.js';
import { embedding } from '../../../nn/embedding.js';
import { inTurn, usingUp } from '../../../nn/in-turn.js';
import { logSumExp } from '../../../nn/log-sum-exp.js';
import { swapAxes } from '../../../nn/shape/permute.js';
import { axisOf } from '../shared/axes.js';
import { as, resultDtype } from '../shared/dtypes.js';
import { indicesInto } from '../shared/indices.js';
import type { Call, OpFunction } from '../types.js';
import { EMBEDDING_BAG } from './embedding-bag.js';
import { MULTI_HEAD } from './multi-head.js';

function embeddingOf(
  weight: Tensor2D,
  indices: Tensor,
  paddingIdx: number,
  byFrequency: boolean,
  _sparse: boolean,
  call: Call,
): Tensor {
  if (byFrequency) throw new UnsupportedError(message(call.where, 'scale_grad_by_freq', 'false', 'true'));
  const ids = indicesInto(weight.shape[0], indices, call, { what: 'indices' });
  return embedding(ids, weight, paddingIdx < 0 ? undefined : paddingIdx);
}

type Optional = Tensor | null;

/** The arguments of `attention`. */
function attentionArguments(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Optional,
  dropoutP: number,
  isCausal: boolean,
  scale: number | null,
  groups: boolean,
  call: Call,
): [query: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions] {
  const heads = query.shape.at(-3) as number;
  const [keys, values] = groups ? [repeatHeads(key, heads), repeatHeads(value, heads)] : [key, value];
  const options: AttentionOptions = {
    mask: mask ?? undefined,
    isCausal,
    scale: scale ?? undefined,
    dropout: dropoutP > 0 && call.isTraining ? (weights) => drop(weights, dropoutP) : undefined,
  };
  return [query, keys, values, options];
}

function drop(weights: Tensor, p: number): Tensor {
  return p === 1 ? mul(weights, 0) : dropout(weights, p);
}

export const ATTENTION: Readonly<Record<string, OpFunction>> = {
  'aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor':
    embeddingOf,
  ...EMBEDDING_BAG,
  'aten::_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor': (
    self: Tensor,
    dim: number,
    _dtype: null,
    call: Call,
  ) => {
    const [axis, last] = [axisOf(dim, self.rank), self.rank - 1];
    return swapAxes(safeSoftmax(swapAxes(as(self, resultDtype(call)), axis, last)), axis, last);
  },
  'aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor':
    (...args: Parameters<typeof attentionArguments>) => attention(...attentionArguments(...args)),
  'aten::_scaled_dot_product_attention_math(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> (Tensor, Tensor)':
    (
      query: Tensor,
      key: Tensor,
      value: Tensor,
      mask: Optional,
      dropoutP: number,
      isCausal: boolean,
      dropoutMask: Optional,
      scale: number | null,
      groups: boolean,
      call: Call,
    ) => {
      if (dropoutMask) throw new UnsupportedError(message(call.where, 'dropout_mask', 'none', 'a tensor'));
      // Its callers have made a mask of floats of one of bools: bools that it gets itself are added as numbers.
      const added = mask && as(mask, 'float32');
      const args = attentionArguments(query, key, value, added, dropoutP, isCausal, scale, groups, call);
      const [rows, keys, values, options] = args;
      const weights = usingUp(rows, (each) => attentionScores(each, keys, options), safeSoftmax);
      return [attended(weights, values, options), weights];
    },
  'aten::_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0., bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)':
    (
      query: Tensor,
      key: Tensor,
      value: Tensor,
      dropoutP: number,
      isCausal: boolean,
      mask: Optional,
      scale: number | null,
      call: Call,
    ) => {
      const args = attentionArguments(query, key, value, mask, dropoutP, isCausal, scale, false, call);
      const [rows, keys, values, options] = args;
      const scores = attentionScores(rows, keys, options);
      const output = inTurn(scores, safeSoftmax, (weights) => attended(weights, values, options));
      return [output, logSumExp(scores, [scores.rank - 1])];
    },
  ...MULTI_HEAD,
};
