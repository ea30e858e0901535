import {
  add,
  cast,
  clone,
  concat,
  customGrad,
  equal,
  exp,
  fill,
  type GradSaveFunc,
  greater,
  less,
  logicalOr,
  max,
  mul,
  neg,
  notEqual,
  range,
  reshape,
  scalar,
  slice,
  stack,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { takeAlong } from './indexing/along.js';
import { choose } from './indexing/choose.js';
import { int } from './indexing/int.js';
import { logAddExp, logSumExp } from './log-sum-exp.js';
import { offTape } from './off-tape.js';

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * `-log p(targets | log_probs)` of each sample, by the recurrence over its steps: blanks stand before, between and behind the targets,
 * and a path stays, moves on by one, or by two between targets that differ. As torch's, its gradient is that of log-probabilities of a
 * softmax. Call inside `tidy`.
 *
 * @param logs float32 `[T, N, C]`.
 * @param targets int32 `[N, S]`; what stands beyond the length of a sample does not count.
 * @param inputLengths int32 `[N]`, each in 1..T.
 * @param targetLengths int32 `[N]`, each in 0..S.
 * @returns `[N]`, Infinity where no path is as short as the input.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
 */
export function ctcLoss(
  logs: Tensor3D,
  targets: Tensor2D,
  inputLengths: Tensor1D,
  targetLengths: Tensor1D,
  blank: number,
): Tensor {
  const [steps, batch, classes] = logs.shape;
  const states = 2 * targets.shape[1] + 1;
  const labels = offTape(() => withBlanks(targets, blank));
  const ids = offTape(() => {
    const starts = mul(reshape(range(0, batch, 1, 'int32'), [batch, 1]), int(classes));
    return reshape(add(starts, labels), [batch * states]) as Tensor1D;
  });
  const emitted = reshape(takeAlong(reshape(logs, [steps, batch * classes]), 1, ids), [steps, batch, states]);
  const emittedAt = (t: number) => reshape(slice(emitted, [t, 0, 0], [1, batch, states]), [batch, states]);
  const isState = reshape(range(0, states, 1, 'int32'), [1, states]);
  const maySkip = offTape(() => skipsOf(labels));
  const never = scalar(NEVER);
  let paths = choose(
    offTape(() => less(isState, int(2))),
    emittedAt(0),
    never,
  );
  for (let t = 1; t < steps; t++) {
    const stayed = logAddExp(paths, shifted(paths, 1));
    const reached = logAddExp(stayed, choose(maySkip, shifted(paths, 2), never));
    const runs = offTape(() => reshape(less(int(t), inputLengths), [batch, 1]));
    paths = choose(runs, add(reached, emittedAt(t)), paths);
  }
  const ends = offTape(() => {
    const last = reshape(mul(targetLengths, int(2)), [batch, 1]);
    return logicalOr(equal(isState, last), equal(isState, sub(last, int(1))));
  });
  const ended = choose(ends, paths, never);
  // Where no path ends its logarithm has no gradient.
  const isPossible = offTape(() => greater(max(ended, 1, true), NEVER));
  const likelihood = logSumExp(choose(isPossible, ended, scalar(0)), [1]);
  const losses = choose(reshape(isPossible, [batch]), neg(likelihood), scalar(Number.POSITIVE_INFINITY));
  return asOfSoftmax(losses, logs, inputLengths);
}

/** `[blank, a, blank, b, blank]` for `[a, b]`. */
function withBlanks(targets: Tensor2D, blank: number): Tensor {
  const [batch, size] = targets.shape;
  const between = fill([batch, size], blank, 'int32');
  const pairs = reshape(stack([between, targets], 2), [batch, 2 * size]);
  return concat([pairs, fill([batch, 1], blank, 'int32')], 1);
}

/** Whether a state may follow that two before it: both are targets, and differ. A blank is always that two before it. */
function skipsOf(labels: Tensor): Tensor {
  const [batch, states] = labels.shape as [number, number];
  if (states < 3) return fill([batch, states], 0, 'bool');
  const differ = notEqual(
    slice(labels, [0, 2], [batch, states - 2]),
    slice(labels, [0, 0], [batch, states - 2]),
  );
  return concat([fill([batch, 2], 0, 'bool'), differ], 1);
}

/** Each state gets the value of that so many before it. */
function shifted(paths: Tensor, by: number): Tensor {
  const [batch, states] = paths.shape as [number, number];
  const count = Math.min(by, states);
  const first = fill([batch, count], NEVER);
  return states === count ? first : concat([first, slice(paths, [0, 0], [batch, states - count])], 1);
}

/** The losses, whose gradient by `logs` has `exp(logs)` added at each step of the input. */
function asOfSoftmax(losses: Tensor, logs: Tensor3D, inputLengths: Tensor1D): Tensor {
  const [steps, batch] = logs.shape;
  const op = customGrad((own, all, save) => {
    (save as GradSaveFunc)([all as Tensor, inputLengths]);
    const gradFunc = (dy: Tensor, [saved, lengths]: Tensor[]) => {
      const each = reshape(range(0, steps, 1, 'int32'), [steps, 1]);
      const runs = reshape(cast(less(each, lengths as Tensor), 'float32'), [steps, batch, 1]);
      return [dy, mul(exp(saved as Tensor), mul(runs, reshape(dy, [1, batch, 1])))];
    };
    return { value: clone(own as Tensor), gradFunc };
  });
  return op(losses, logs);
}
