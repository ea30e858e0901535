import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

/** What a tensor has, from what the inputs of its layer have. */
export type WalkRule<T> = (tensor: SymbolicTensor, ofInputs: readonly T[]) => T;

/** Follows a rule through a model's graph, and finds what each tensor has once. */
export class GraphWalk<T> {
  private readonly found = new WeakMap<SymbolicTensor, { readonly value: T }>();

  constructor(private readonly rule: WalkRule<T>) {}

  /** From the tensor to the inputs, without recursion: a chain may have thousands of layers. */
  of(tensor: SymbolicTensor): T {
    const open = [tensor];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const missing = this.found.has(top) ? [] : top.inputs.filter((input) => !this.found.has(input));
      if (missing.length > 0) {
        open.push(...missing);
        continue;
      }
      open.pop();
      if (!this.found.has(top)) {
        const ofInputs = top.inputs.map((input) => this.known(input));
        this.found.set(top, { value: this.rule(top, ofInputs) });
      }
    }
    return this.known(tensor);
  }

  private known(tensor: SymbolicTensor): T {
    return (this.found.get(tensor) as { readonly value: T }).value;
  }
}
