/** Losses of probabilities and classes. */

import {
  add,
  any,
  cast,
  customGrad,
  div,
  equal,
  type GradSaveFunc,
  log,
  logicalAnd,
  logSoftmax,
  maximum,
  mul,
  neg,
  notEqual,
  range,
  reshape,
  scalar,
  softplus,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { constantOf } from '../../../nn/empty.js';
import { keeping, lending, usingUp } from '../../../nn/in-turn.js';
import { choose } from '../../../nn/indexing/choose.js';
import { int } from '../../../nn/indexing/int.js';
import { offTape } from '../../../nn/off-tape.js';
import { moveAxis } from '../../../nn/shape/permute.js';
import { indicesInto } from '../shared/indices.js';
import type { Call, OpFunction } from '../types.js';
import { reduced } from './reduced.js';

type Optional = Tensor | null;

const NONE = 0;
const MEAN = 1;

/** Rows of log-probabilities `[N, C]` with what counts of each. */
interface Rows {
  readonly logs: Tensor;
  /** `[N, C]`, true at the class of each row that counts. */
  readonly isTarget: Tensor;
  /** `[N, C]`: the weight of the class where it is the target, and 0 elsewhere. */
  readonly weights: Tensor;
  /** The shape of the targets. */
  readonly shape: readonly number[];
}

function rowsOf(logs: Tensor, target: Tensor, weight: Optional, ignoreIndex: number, call: Call): Rows {
  const classes = logs.shape[1] as number;
  indicesInto(classes, target, call, { what: 'target', except: ignoreIndex });
  const isTarget = offTape(() => {
    const ids = reshape(cast(target, 'int32'), [target.size, 1]);
    const each = reshape(range(0, classes, 1, 'int32'), [1, classes]);
    const isCounted = notEqual(ids, int(ignoreIndex));
    return logicalAnd(isCounted, equal(ids, each));
  });
  const counted = offTape(() => cast(isTarget, 'float32'));
  return { logs, isTarget, weights: weight ? mul(counted, weight) : counted, shape: target.shape };
}

/** `[N, C]` of `[C]`, `[N, C]` or `[N, C, ...]`: the axis of the classes is the second, or the only one. */
function classesLast(x: Tensor): Tensor {
  const axis = x.rank === 1 ? 0 : 1;
  return usingUp(
    x,
    (value) => moveAxis(value, axis, x.rank - 1),
    (value) => reshape(value, [-1, x.shape[axis] as number]),
  );
}

/** The sum of the weights is what the mean is over. */
function weighted(losses: Tensor, { weights, shape }: Rows, reduction: number): Tensor {
  if (reduction === NONE) return reshape(losses, [...shape]);
  return reduction === MEAN ? div(sum(losses), sum(weights)) : sum(losses);
}

/** `-weight[target] * logs[target]`; a class that is not the target does not count, be it -Infinity. */
function negativeLogs({ logs, isTarget, weights }: Rows): Tensor {
  return usingUp(
    logs,
    (all) => choose(isTarget, all, scalar(0)),
    (own) => mul(own, weights),
    (products) => sum(products, 1),
    neg,
  );
}

type NllArguments = [
  self: Tensor,
  target: Tensor,
  weight: Optional,
  reduction: number,
  ignoreIndex: number,
  call: Call,
];

function nll(...args: NllArguments): Tensor {
  const [self, target, , reduction] = args;
  return self.size === 0 ? nothing(self, target, reduction) : nllOf(...args).loss;
}

/** Of a batch with rows. */
function nllOf(...[self, target, weight, reduction, ignoreIndex, call]: NllArguments) {
  const rows = rowsOf(classesLast(self), target, weight, ignoreIndex, call);
  const losses = lending([rows.logs, rows.isTarget], () => negativeLogs(rows));
  return { rows, loss: weighted(losses, rows, reduction) };
}

/** The loss of a batch without rows. */
function nothing(self: Tensor, target: Tensor, reduction: number): Tensor {
  return constantOf(reduction === NONE ? target.shape : [], [self], reduction === MEAN ? Number.NaN : 0);
}

/** `[loss, sum of the weights]`; torch gives 0 for the sum of a batch that is not reduced. */
function nllForward(...args: NllArguments): Tensor[] {
  const [self, target, , reduction] = args;
  const none = () => constantOf([], [self], 0);
  if (self.size === 0) return [nothing(self, target, reduction), none()];
  const isWhole = reduction === NONE && self.rank > 1;
  const { rows, loss } = nllOf(...args);
  return [loss, isWhole ? none() : sum(rows.weights)];
}

function crossEntropy(
  self: Tensor,
  target: Tensor,
  weight: Optional,
  reduction: number,
  ignoreIndex: number,
  smoothing: number,
  call: Call,
): Tensor {
  const isSoft = target.dtype === 'float32';
  if (self.size === 0) return nothing(self, target, reduction);
  const logs = usingUp(self, classesLast, logSoftmax);
  if (isSoft) return softCrossEntropy(self, logs, classesLast(target), weight, reduction, smoothing);
  const rows = rowsOf(logs, target, weight, ignoreIndex, call);
  const own = smoothing === 0 ? [logs, rows.isTarget] : [];
  const loss = weighted(
    lending(own, () => negativeLogs(rows)),
    rows,
    reduction,
  );
  if (smoothing === 0) return loss;
  const isCounted = offTape(() => any(rows.isTarget, 1));
  // What does not count has no gradient, also where nothing counts and that of the mean is infinite.
  const smooth = choose(isCounted, neg(sum(weight ? mul(logs, weight) : logs, 1)), scalar(0));
  const share = smoothing / (logs.shape[1] as number);
  return add(mul(loss, 1 - smoothing), mul(weighted(smooth, rows, reduction), share));
}

/** Targets that are probabilities; the mean is over the rows. */
function softCrossEntropy(
  self: Tensor,
  logs: Tensor,
  target: Tensor,
  weight: Optional,
  reduction: number,
  smoothing: number,
): Tensor {
  const classes = logs.shape[1] as number;
  const smooth = smoothing === 0 ? target : add(mul(target, 1 - smoothing), smoothing / classes);
  const products = mul(logs, smooth);
  const losses = neg(sum(weight ? mul(products, weight) : products, 1));
  if (reduction !== NONE) return reduced(losses, reduction);
  return reshape(losses, self.rank === 1 ? [] : [self.shape[0] as number, ...self.shape.slice(2)]);
}

/** `y * log(x)`, with logarithms no less than -100. */
function timesLog(x: Tensor, y: Tensor): Tensor {
  return usingUp(
    x,
    log,
    (logs) => maximum(logs, -100),
    (logs) => mul(y, logs),
  );
}

/** torch's gradient is `(x - y) / max(x * (1 - x), 1e-12)`, finite at 0 and 1. */
function crossEntropyOfProbabilities(self: Tensor, target: Tensor): Tensor {
  const op = customGrad((x, y, save) => {
    (save as GradSaveFunc)([x as Tensor, y as Tensor]);
    const yes = keeping([x as Tensor], () => timesLog(x as Tensor, y as Tensor));
    const no = usingUp(
      x as Tensor,
      (share) => sub(1, share),
      (share) => timesLog(share, sub(1, y as Tensor)),
    );
    const gradFunc = (dy: Tensor, [x, y]: Tensor[]) => {
      const slope = div(sub(x as Tensor, y as Tensor), maximum(mul(x as Tensor, sub(1, x as Tensor)), 1e-12));
      return [mul(dy, slope), mul(dy, sub(log(sub(1, x as Tensor)), log(x as Tensor)))];
    };
    const value = usingUp(yes, (each) => add(each, no), neg);
    return { value, gradFunc };
  });
  return op(self, target);
}

/** `(1 - y) * x + (1 + (w - 1) * y) * softplus(-x)` */
function crossEntropyOfLogits(self: Tensor, target: Tensor, positive: Optional): Tensor {
  const tail = softplus(neg(self));
  const scaled = positive ? mul(tail, add(mul(sub(positive, 1), target), 1)) : tail;
  return add(mul(sub(1, target), self), scaled);
}

export const CLASSIFICATION: Readonly<Record<string, OpFunction>> = {
  'aten::nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor':
    nll,
  'aten::nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor':
    nll,
  'aten::nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor':
    nll,
  'aten::nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)':
    nllForward,
  'aten::nll_loss2d_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)':
    nllForward,
  'aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float label_smoothing=0.) -> Tensor':
    crossEntropy,
  'aten::binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor': (
    self: Tensor,
    target: Tensor,
    weight: Optional,
    reduction: number,
  ) => {
    if (self.size === 0) return reduced(self, reduction);
    const losses = crossEntropyOfProbabilities(self, target);
    return reduced(weight ? mul(losses, weight) : losses, reduction);
  },
  'aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor':
    (self: Tensor, target: Tensor, weight: Optional, positive: Optional, reduction: number) => {
      if (self.size === 0) return reduced(self, reduction);
      const losses = crossEntropyOfLogits(self, target, positive);
      return reduced(weight ? mul(losses, weight) : losses, reduction);
    },
};
