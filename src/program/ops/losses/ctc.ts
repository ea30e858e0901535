/** Connectionist temporal classification. */

import {
  cast,
  div,
  equal,
  expandDims,
  maximum,
  mean,
  reshape,
  scalar,
  sum,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { ctcLoss } from '../../../nn/ctc-loss.js';
import { takeAlong } from '../../../nn/indexing/along.js';
import { choose } from '../../../nn/indexing/choose.js';
import { offTape } from '../../../nn/off-tape.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';
import { reduced } from './reduced.js';

/** Numbers of the program, or a tensor. */
type Lengths = readonly number[] | Tensor;

const MEAN = 1;

function tensorOf(lengths: Lengths): Tensor1D {
  const all = lengths instanceof Tensor ? lengths : tensor1d([...lengths], 'int32');
  return reshape(cast(all, 'int32'), [all.size]) as Tensor1D;
}

/** Targets that stand one behind the other as rows; lengths say where each begins, so that they must be known. */
function rowsOf(targets: Tensor, lengths: Lengths, call: Call): Tensor2D {
  if (targets.rank === 2) return targets as Tensor2D;
  const known = lengths instanceof Tensor ? [...readNow(call, lengths)] : [...lengths];
  const most = Math.max(0, ...known);
  let start = 0;
  const ids = known.flatMap((length) => {
    const row = Array.from({ length: most }, (_, i) =>
      Math.min(start + Math.min(i, length - 1), targets.size - 1),
    );
    start += length;
    return row.map((id) => Math.max(id, 0));
  });
  return reshape(takeAlong(targets, 0, tensor1d(ids, 'int32')), [known.length, most]) as Tensor2D;
}

/** The loss of each sample. */
function lossesOf(
  logs: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  blank: number,
  zeroInfinity: boolean,
  call: Call,
): Tensor {
  const rows = cast(rowsOf(targets, targetLengths, call), 'int32');
  const losses = ctcLoss(logs as Tensor3D, rows, tensorOf(inputLengths), tensorOf(targetLengths), blank);
  if (!zeroInfinity) return losses;
  return choose(
    offTape(() => equal(losses, Number.POSITIVE_INFINITY)),
    scalar(0),
    losses,
  );
}

const ctc: OpFunction = (
  logs: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  blank: number,
  reduction: number,
  zeroInfinity: boolean,
  call: Call,
) => {
  const isBatch = logs.rank === 3;
  const [x, rows] = isBatch ? [logs, targets] : [expandDims(logs, 1), expandDims(targets, 0)];
  const losses = lossesOf(x, rows, inputLengths, targetLengths, blank, zeroInfinity, call);
  if (reduction !== MEAN) return isBatch ? reduced(losses, reduction) : sum(losses);
  return mean(div(losses, maximum(cast(tensorOf(targetLengths), 'float32'), 1)));
};

/** The losses; what torch gives beside them serves its gradient. */
const native: OpFunction = (...args: Parameters<typeof lossesOf>) => [lossesOf(...args), null];

const TENSORS = 'Tensor log_probs, Tensor targets';
const OPTIONS = 'int blank=0, int reduction=1, bool zero_infinity=False';

export const CTC: Readonly<Record<string, OpFunction>> = {
  [`aten::ctc_loss.IntList(${TENSORS}, int[] input_lengths, int[] target_lengths, ${OPTIONS}) -> Tensor`]:
    ctc,
  [`aten::ctc_loss.Tensor(${TENSORS}, Tensor input_lengths, Tensor target_lengths, ${OPTIONS}) -> Tensor`]:
    ctc,
  [`aten::_ctc_loss(${TENSORS}, int[] input_lengths, int[] target_lengths, int blank=0, bool zero_infinity=False) -> (Tensor, Tensor)`]:
    native,
  [`aten::_ctc_loss.Tensor(${TENSORS}, Tensor input_lengths, Tensor target_lengths, int blank=0, bool zero_infinity=False) -> (Tensor, Tensor)`]:
    native,
};
