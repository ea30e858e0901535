/** Batch and instance norms, which keep running statistics in buffers. */

import {
  add,
  clone,
  mean as meanOver,
  mul,
  reshape,
  rsqrt,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { emptyOf } from '../../../nn/empty.js';
import { batchNorm, batchNormInTraining } from '../../../nn/norm/batch-norm.js';
import type { NormOptions } from '../../../nn/norm/group-norm.js';
import { instanceNorm } from '../../../nn/norm/instance-norm.js';
import { offTape } from '../../../nn/off-tape.js';
import type { Call, OpFunction } from '../types.js';

type Optional = Tensor | null;

interface Arguments {
  readonly weight: Optional;
  readonly bias: Optional;
  readonly runningMean: Optional;
  readonly runningVar: Optional;
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
}

interface Result {
  readonly output: Tensor;
  /** `[mean, 1 / sqrt(var + eps)]` of the batch, `[C]`; nothing outside of training. */
  readonly saved: readonly Tensor[];
  /** New running statistics, where the batch has changed them. */
  readonly running: readonly [Tensor, Tensor] | undefined;
}

function optionsOf({ weight, bias, eps }: Arguments): NormOptions {
  return {
    weight: (weight ?? undefined) as Tensor1D | undefined,
    bias: (bias ?? undefined) as Tensor1D | undefined,
    eps,
    dataFormat: 'channelsFirst',
  };
}

/** Without running statistics those of the batch count, in evaluation too. */
function normalize(input: Tensor, args: Arguments, call: Call): Result {
  const { weight, bias, runningMean, runningVar, momentum, eps } = args;
  const given = [input, weight, bias].filter((tensor) => tensor !== null);
  if (input.size === 0) return { output: emptyOf(input.shape, given), saved: [], running: undefined };
  if (runningMean && runningVar && !(args.training && call.isTraining)) {
    // torch takes running statistics for constants.
    const [mean, variance] = [runningMean, runningVar].map((each) => offTape(() => clone(each))) as [
      Tensor1D,
      Tensor1D,
    ];
    const statistics = { mean, variance };
    return { output: batchNorm(input, statistics, optionsOf(args)), saved: [], running: undefined };
  }
  const { output, mean, variance } = batchNormInTraining(input, optionsOf(args));
  const channels = input.shape[1] as number;
  const [batchMean, batchVar] = [mean, variance].map((each) => reshape(each, [channels])) as [Tensor, Tensor];
  const count = input.size / channels;
  return {
    output,
    saved: [batchMean, rsqrt(add(batchVar, eps))],
    running: moved(runningMean, runningVar, batchMean, batchVar, count, momentum),
  };
}

/** `(1 - momentum) * running + momentum * batch`, with the unbiased variance of the batch. */
function moved(
  mean: Optional,
  variance: Optional,
  batchMean: Tensor,
  batchVar: Tensor,
  count: number,
  momentum: number,
): [Tensor, Tensor] | undefined {
  if (!mean || !variance) return undefined;
  const unbiased = mul(batchVar, (momentum * count) / (count - 1));
  return [add(mul(mean, 1 - momentum), mul(batchMean, momentum)), add(mul(variance, 1 - momentum), unbiased)];
}

/** Runs, and keeps new running statistics in the arguments 3 and 4. */
function normalizeAndAssign(input: Tensor, args: Arguments, call: Call): Result {
  const result = normalize(input, args, call);
  const [mean, variance] = result.running ?? [];
  if (mean) call.assign(3, mean);
  if (variance) call.assign(4, variance);
  return result;
}

const withStatistics =
  (
    results: (result: Result, runningMean: Tensor, runningVar: Tensor, channels: number) => Tensor | Tensor[],
  ) =>
  (
    input: Tensor,
    weight: Optional,
    bias: Optional,
    runningMean: Optional,
    runningVar: Optional,
    training: boolean,
    momentum: number,
    eps: number,
    ...rest: unknown[]
  ) => {
    const args = { weight, bias, runningMean, runningVar, training, momentum, eps };
    const result = normalizeAndAssign(input, args, rest.at(-1) as Call);
    return results(result, runningMean as Tensor, runningVar as Tensor, input.shape[1] as number);
  };

/** torch gives tensors without elements where the running statistics count. */
function triple({ output, saved }: Result): Tensor[] {
  return [output, saved[0] ?? emptyOf([0], []), saved[1] ?? emptyOf([0], [])];
}

function functional(
  input: Tensor,
  weight: Optional,
  bias: Optional,
  runningMean: Tensor,
  runningVar: Tensor,
  training: boolean,
  momentum: number,
  eps: number,
  call: Call,
): Tensor[] {
  const result = normalize(input, { weight, bias, runningMean, runningVar, training, momentum, eps }, call);
  return [...triple(result), ...(result.running ?? [runningMean, runningVar])];
}

/** Each sample by itself: its channels are those of a batch of one. */
function instanceNormOf(
  input: Tensor,
  weight: Optional,
  bias: Optional,
  runningMean: Optional,
  runningVar: Optional,
  useInputStats: boolean,
  momentum: number,
  eps: number,
  _cudnn: boolean,
  call: Call,
): Tensor {
  const args = { weight, bias, runningMean, runningVar, training: useInputStats, momentum, eps };
  const given = [input, weight, bias].filter((tensor) => tensor !== null);
  if (input.size === 0) return emptyOf(input.shape, given);
  if (runningMean && runningVar && !(useInputStats && call.isTraining))
    return normalize(input, { ...args, training: false }, call).output;
  const { output, mean, variance } = instanceNorm(input, optionsOf(args));
  const channels = input.shape[1] as number;
  const perChannel = (each: Tensor) => reshape(meanOver(each, 0), [channels]);
  const positions = input.size / channels / (input.shape[0] as number);
  const running = moved(runningMean, runningVar, perChannel(mean), perChannel(variance), positions, momentum);
  if (running) {
    call.assign(3, running[0]);
    call.assign(4, running[1]);
  }
  return output;
}

const REST = 'bool training, float momentum, float eps';

export const BATCH_NORM: Readonly<Record<string, OpFunction>> = {
  [`aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, ${REST}, bool cudnn_enabled) -> Tensor`]:
    withStatistics(({ output }) => output),
  [`aten::native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, ${REST}) -> (Tensor, Tensor, Tensor)`]:
    withStatistics(triple),
  [`aten::_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, Tensor(b!) running_var, ${REST}) -> (Tensor, Tensor, Tensor)`]:
    withStatistics(triple),
  [`aten::_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, ${REST}) -> (Tensor, Tensor, Tensor)`]:
    (
      input: Tensor,
      weight: Optional,
      bias: Optional,
      training: boolean,
      momentum: number,
      eps: number,
      call: Call,
    ) =>
      triple(
        normalize(
          input,
          { weight, bias, runningMean: null, runningVar: null, training, momentum, eps },
          call,
        ),
      ),
  'aten::_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor)':
    (
      input: Tensor,
      weight: Optional,
      bias: Optional,
      runningMean: Tensor,
      runningVar: Tensor,
      momentum: number,
      eps: number,
      call: Call,
    ) =>
      triple(
        normalize(input, { weight, bias, runningMean, runningVar, training: false, momentum, eps }, call),
      ),
  [`aten::_native_batch_norm_legit_functional(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, ${REST}) -> (Tensor, Tensor, Tensor, Tensor running_mean_out, Tensor running_var_out)`]:
    functional,
  'aten::instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor':
    instanceNormOf,
};
