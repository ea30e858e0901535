import { dispose, keep, type Tensor } from '@tensorflow/tfjs-core';

/** The states that a stateful layer carries from call to call: kept across `tidy`, disposed when replaced. */
export class StateStore {
  private held: readonly Tensor[] | undefined;

  /** The states held, or undefined after a reset. They belong to the store. */
  get states(): readonly Tensor[] | undefined {
    return this.held;
  }

  /** Holds copies of `states` (no data is copied) in place of the ones before. */
  set(states: readonly Tensor[]): void {
    const next = states.map((state) => keep(state.clone()));
    this.clear();
    this.held = next;
  }

  clear(): void {
    if (this.held) dispose(this.held as Tensor[]);
    this.held = undefined;
  }
}
