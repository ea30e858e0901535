import { reshape, type Tensor, type Tensor3D, zeros } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { checkBothOrNone, checkStateShapes, checkTensor } from '../../../ops/validate.js';
import { outputSize } from '../../../torch/cells.js';
import { TRANSPOSED_HINT } from '../../masks/lengths.js';
import type { RecurrentOptions } from '../args.js';
import { lengthsRemedy } from '../call-args.js';

/** The shapes of the states that a recurrent layer takes, and their checks. */
export class StateShapes {
  /** L*D, the rows of each state. */
  readonly stackSize: number;
  /** The columns of each state: H or P of h, H of c. */
  readonly stateSizes: readonly number[];

  private readonly batchFirst: boolean;

  /** @param stateNames h0, and c0 where the cell has one. */
  constructor(
    options: RecurrentOptions,
    private readonly stateNames: readonly string[],
  ) {
    this.batchFirst = options.batchFirst;
    this.stackSize = options.numLayers * (options.bidirectional ? 2 : 1);
    this.stateSizes = stateNames.map((_, i) => (i === 0 ? outputSize(options) : options.hiddenSize));
  }

  /** Checks states as `apply` takes them, each `[B, L*D, H]` with the same B; `batch` is null where any B will do. */
  checkBatchLeading(where: string, states: readonly Shape[], batch: number | null): void {
    // Where B is unknown, the states still share one.
    const shared = batch ?? states[0]?.[0] ?? null;
    const expected = this.stateSizes.map((size, i) => [i === 0 ? batch : shared, this.stackSize, size]);
    checkStateShapes(where, this.stateNames, states, expected, (state, i) => {
      const torchLike = [this.stackSize, batch, this.stateSizes[i]];
      const isTorchLike =
        batch !== null && state.length === 3 && state.every((size, k) => size === torchLike[k]);
      const name = this.stateNames[i];
      return isTorchLike
        ? `apply takes states batch-leading: ${name}.transpose([1, 0, 2])`
        : lengthsRemedy(state);
    });
  }

  /** States of zeros as the op takes them, `[L*D, B, H]`. Call inside `tidy`. */
  zeroStates(batch: number): Tensor3D[] {
    return this.stateSizes.map((size) => zeros([this.stackSize, batch, size]));
  }

  /**
   * Checks states as `forward` takes them, `[L*D, B, H]` or unbatched `[L*D, H]`, and returns them batched. Returns undefined
   * where all are absent. Call inside `tidy`.
   */
  torchStates(
    where: string,
    states: readonly unknown[],
    unbatched: boolean,
    batch: number,
    steps: number,
  ): Tensor3D[] | undefined {
    if (states.every((state) => state == null)) return undefined;
    const given = states.map((state, i) => {
      if (state != null) checkTensor(where, this.stateNames[i] as string, state);
      return (state ?? undefined) as Tensor | undefined;
    });
    const shapes = this.stateSizes.map((size): [number, number, number] => [this.stackSize, batch, size]);
    checkStateShapes(
      where,
      this.stateNames,
      given.map((state) => state?.shape),
      shapes.map(([rows, , columns], i) => (unbatched ? [rows, columns] : (shapes[i] as number[]))),
      (state) => (state.length === 3 && state[1] === steps ? this.layoutHint(unbatched) : undefined),
    );
    checkBothOrNone(where, this.stateNames, given);
    return given.map((state, i) =>
      unbatched ? reshape(state as Tensor, shapes[i] as [number, number, number]) : (state as Tensor3D),
    );
  }

  /** Where the batch of the states is the first size of x. */
  private layoutHint(unbatched: boolean): string {
    const step = `x.expandDims(${this.batchFirst ? 1 : 0})`;
    return unbatched ? `One step of a batch needs its axis of time: ${step}` : TRANSPOSED_HINT;
  }
}
