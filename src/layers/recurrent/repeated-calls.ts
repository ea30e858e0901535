import type { Tensor } from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type GraphCall, startedModelCalls } from '../../tfjs-internals/models.js';

/** The executor's last call of a layer. */
interface LastCall {
  readonly outputs: readonly SymbolicTensor[];
  readonly inputIds: readonly number[];
  readonly startedModels: number;
  /** The outputs for which it has been made. */
  readonly made: Set<SymbolicTensor>;
}

/**
 * Tells the executor's calls that repeat the one before. tfjs 4.22 calls a layer again for each output that a model uses, the
 * sequence and each final state: a stateful layer must start all of them from the same states.
 */
export class RepeatedCalls {
  private last: LastCall | undefined;

  /** Whether the executor has made the call before, for another output. */
  isRepeated(graphCall: GraphCall, inputs: readonly Tensor[]): boolean {
    const { outputs, output } = graphCall;
    const { last } = this;
    const startedModels = startedModelCalls();
    const isSame =
      last?.outputs === outputs &&
      last.startedModels === startedModels &&
      !last.made.has(output) &&
      inputs.every(({ id }, i) => id === last.inputIds[i]);
    if (isSame) {
      last.made.add(output);
      return true;
    }
    const inputIds = inputs.map(({ id }) => id);
    this.last = { outputs, inputIds, startedModels, made: new Set([output]) };
    return false;
  }
}
