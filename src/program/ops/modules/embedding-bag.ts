/** Rows of a table, summed or averaged in bags, or the greatest of them. */

import {
  concat,
  div,
  equal,
  expandDims,
  greater,
  lessEqual,
  logicalAnd,
  logicalNot,
  max,
  maximum,
  mul,
  range,
  reshape,
  scalar,
  slice,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  zeros,
} from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { embedding } from '../../../nn/embedding.js';
import { constantOf } from '../../../nn/empty.js';
import { indexOfExtreme, valuesAt } from '../../../nn/extremes.js';
import { choose } from '../../../nn/indexing/choose.js';
import { matmul } from '../../../nn/matmul.js';
import { offTape } from '../../../nn/off-tape.js';
import { as } from '../shared/dtypes.js';
import { indicesInto } from '../shared/indices.js';
import type { Call, OpFunction } from '../types.js';

/** torch's numbers for the modes. */
const MEAN = 1;
const MAX = 2;

/** The output alone: what torch gives beside it serves its gradient. */
function bag(
  weight: Tensor2D,
  indices: Tensor1D,
  offsets: Tensor1D,
  byFrequency: boolean,
  mode: number,
  _sparse: boolean,
  sampleWeights: Tensor | null,
  hasLastOffset: boolean,
  paddingIdx: number | undefined,
  call: Call,
): (Tensor | null)[] {
  if (byFrequency) throw new UnsupportedError(message(call.where, 'scale_grad_by_freq', 'false', 'true'));
  const bags = hasLastOffset ? offsets.size - 1 : offsets.size;
  const shape = [bags, weight.shape[1]];
  if (indices.size === 0 || bags === 0) return [constantOf(shape, [weight], 0), null, null, null];
  const isMember = offTape(() => membersOf(indices, offsets, bags, paddingIdx));
  const rows = embedding(indicesInto(weight.shape[0], indices, call, { what: 'indices' }), weight);
  const counts = sum(as(isMember, 'float32'), 1, true);
  if (mode === MAX) return [greatest(rows, isMember, counts), null, null, null];
  const members = as(isMember, 'float32');
  const total = matmul(sampleWeights ? mul(members, expandDims(sampleWeights, 0)) : members, rows);
  return [mode === MEAN ? div(total, maximum(counts, 1)) : total, null, null, null];
}

/** `[bags, N]`: from its offset to the next one, or to the end. */
function membersOf(
  indices: Tensor1D,
  offsets: Tensor1D,
  bags: number,
  paddingIdx: number | undefined,
): Tensor {
  const steps = reshape(range(0, indices.size, 1, 'int32'), [1, indices.size]);
  const hasBegun = lessEqual(expandDims(offsets, 1), steps);
  const begun = slice(hasBegun, [0, 0], [bags, indices.size]);
  const after = slice(hasBegun, [1, 0], [offsets.size - 1, indices.size]);
  const isOver = offsets.size > bags ? after : concat([after, zeros([1, indices.size], 'bool')], 0);
  const isMember = logicalAnd(begun, logicalNot(isOver));
  if (paddingIdx === undefined) return isMember;
  return logicalAnd(isMember, logicalNot(equal(expandDims(indices, 0), scalar(paddingIdx, 'int32'))));
}

/** Zeros for a bag without rows. */
function greatest(rows: Tensor, isMember: Tensor, counts: Tensor): Tensor {
  const own = choose(expandDims(isMember, 2), expandDims(rows, 0), scalar(Number.NEGATIVE_INFINITY));
  const [indices, values] = [offTape(() => indexOfExtreme(max, own, 1)), offTape(() => max(own, 1))];
  const hasRows = offTape(() => greater(counts, 0));
  return choose(hasRows, valuesAt(values, indices, own, 1), scalar(0));
}

const RESULTS = '(Tensor, Tensor, Tensor, Tensor)';
const TABLE = 'Tensor weight, Tensor indices, Tensor offsets';
const DEFAULTS =
  'bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False';

type BagArguments = Parameters<typeof bag> extends [...infer Rest, unknown, unknown] ? Rest : never;

const optionalPadding: OpFunction = (...args: [...BagArguments, number, Call]) => {
  const given = args.slice(0, 8) as BagArguments;
  const [paddingIdx, call] = args.slice(8) as [number, Call];
  return bag(...given, paddingIdx < 0 ? undefined : paddingIdx, call);
};

export const EMBEDDING_BAG: Readonly<Record<string, OpFunction>> = {
  [`aten::embedding_bag(${TABLE}, ${DEFAULTS}) -> ${RESULTS}`]: (...args: [...BagArguments, Call]) =>
    bag(...(args.slice(0, 8) as BagArguments), undefined, args[8]),
  [`aten::embedding_bag.padding_idx(${TABLE}, bool scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> ${RESULTS}`]:
    (...args: [...BagArguments, number | null, Call]) => {
      const [weight, paddingIdx] = [args[0], args[8]];
      const wrapped = paddingIdx === null || paddingIdx >= 0 ? paddingIdx : paddingIdx + weight.shape[0];
      return bag(...(args.slice(0, 8) as BagArguments), wrapped ?? undefined, args[9]);
    },
  [`aten::_embedding_bag(${TABLE}, ${DEFAULTS}, int padding_idx=-1) -> ${RESULTS}`]: optionalPadding,
  [`aten::_embedding_bag_forward_only(${TABLE}, ${DEFAULTS}, int padding_idx=-1) -> ${RESULTS}`]:
    optionalPadding,
};
