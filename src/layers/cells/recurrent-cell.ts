/** What the recurrent cells share: one step in the calls of tf.layers and of torch, and the weights. */

import {
  expandDims,
  reshape,
  type serialization,
  squeeze,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message } from '../../check.js';
import type { DirectionWeights, StackAttrs } from '../../kernels/contract.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runStep } from '../../ops/run-step.js';
import { checkBothOrNone, checkTensor } from '../../ops/validate.js';
import { takeGraphCall, watchOutputs } from '../../tfjs-internals/models.js';
import { CELLS, type Cell, cellParameters } from '../../torch/cells.js';
import { type ModuleArgs, type ModuleOptions, parseModuleArgs } from '../args/module-args.js';
import { cellArgNames, checkArgNames } from '../args/names.js';
import { checkElements } from '../args/sizes.js';
import { construct, toConfig } from '../config.js';
import { type LayerTensors, toList, toShapes } from '../one-or-many.js';
import { checkApplyOptions, checkSymbolicInputs } from '../recurrent/call-args.js';
import { buildLayer, moveToScope } from '../weights/build.js';
import { ModuleWeights } from '../weights/module-weights.js';
import { checkCellInput, checkCellState } from './checks.js';

/** What a step gives for an input: `[H]` for an unbatched one; `[B, H]` for others, those of unknown rank among them. */
export type CellTensor<X extends Tensor> = X extends Tensor1D ? Tensor1D : Tensor2D;

/**
 * One step of a recurrent network as torch's cells compute it, and a cell of tf.layers: `tf.layers.rnn({ cell })` runs it
 * over a sequence. A subclass adds torch's `forward`.
 */
export abstract class RecurrentCell extends layers.RNNCell {
  /** H, or `[H, H]` of a cell with h and c. */
  readonly stateSize: number | number[];

  protected readonly options: ModuleOptions;
  /** The class's name in messages. */
  private readonly where: string;
  private readonly stateNames: readonly string[];
  private readonly attrs: StackAttrs;
  private moduleWeights: ModuleWeights | undefined;

  protected constructor(
    private readonly cell: Cell,
    args: ModuleArgs,
  ) {
    const where = `${CELLS[cell].className}Cell`;
    checkArgNames(where, args, cellArgNames(cell));
    const options = parseModuleArgs(where, args, 0);
    const { gates } = CELLS[cell];
    const { inputSize = 1 } = options;
    checkElements(where, options, cellParameters(gates, inputSize, { ...options, projSize: 0 }));
    super(args);
    this.where = where;
    this.options = options;
    this.stateNames = CELLS[cell].states;
    const { hiddenSize } = options;
    this.attrs = { batchFirst: false, bidirectional: false, hiddenSize, projSize: 0 };
    this.stateSize = this.stateNames.length === 1 ? hiddenSize : this.stateNames.map(() => hiddenSize);
  }

  /** I; undefined until it is given or read off the first input. */
  get inputSize(): number | undefined {
    return this.moduleWeights?.inputSize ?? this.options.inputSize;
  }

  /** H. */
  get hiddenSize(): number {
    return this.options.hiddenSize;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  torchShapes(inputSize: number): Map<string, number[]> {
    return cellParameters(CELLS[this.cell].gates, inputSize, { ...this.options, projSize: 0 });
  }

  /** The weights under torch's names, in the order of `state_dict()`; empty before the cell is built. */
  get torchWeights(): ReadonlyMap<string, LayerVariable> {
    return this.moduleWeights?.byName ?? new Map();
  }

  /**
   * Creates the weights, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises them. `tf.layers.rnn` builds its cell as well:
   * a cell that is built already keeps its weights, under the names that they would have got there.
   */
  override build(inputShape: Shape | Shape[]): void {
    const [x] = toShapes(inputShape);
    checkCellInput(this.where, this.where, x, this.inputSize, false);
    if (this.built) {
      moveToScope(this.torchWeights);
      return;
    }
    this.moduleWeights = ModuleWeights.create(this.where, this, this.options, x, (name, shape, initializer) =>
      this.addWeight(name, shape, 'float32', initializer),
    );
    this.built = true;
    // Layer.apply does this itself, tf.layers.rnn does not.
    if (this.initialWeights) this.setWeights(this.initialWeights);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = toShapes(inputShape);
    this.checkShapes(`${this.where}.apply`, shapes);
    const state: Shape = [shapes[0][0] as number, this.hiddenSize];
    return [state, ...this.stateNames.map(() => state)];
  }

  /**
   * tf.layers' step, eager or symbolic: `[x, h]` to `[h', h']`, LSTM `[x, h, c]` to `[h', h', c']`, each `[B, H]`; the
   * first is the output. Eager outputs belong to the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(inputs: LayerTensors, kwargs?: Parameters<layers.Layer['apply']>[1]): LayerTensors {
    const where = `${this.where}.apply`;
    // In a model the options may hold what other layers of tfjs leave in them.
    if (!takeGraphCall(this)) checkApplyOptions(where, kwargs ?? {}, this.stateNames, ['training']);
    const list = toList<Tensor | SymbolicTensor>(inputs as Tensor | Tensor[]);
    const isSymbolic = list[0] instanceof SymbolicTensor;
    if (isSymbolic) checkSymbolicInputs(where, list);
    else
      for (const [i, input] of list.entries())
        checkTensor(where, i === 0 ? 'x' : (this.stateNames[i - 1] ?? `inputs[${i}]`), input);
    this.checkShapes(
      where,
      list.map(({ shape }) => shape),
    );
    checkImplementation(this.where, this.options.implementation);
    const outputs = super.apply(inputs, kwargs);
    if (isSymbolic) watchOutputs(outputs as SymbolicTensor[]);
    return outputs;
  }

  override call(inputs: Tensor | Tensor[], kwargs: Parameters<layers.Layer['call']>[1] = {}): Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const [x, ...states] = inputs as [Tensor2D, ...Tensor2D[]];
      const next = this.step(x, states);
      const [h] = next as [Tensor2D];
      // The output is a tensor of its own: the executor of a model disposes each one after its last use.
      return [reshape(h, h.shape), ...next];
    });
  }

  /** torch's call, shared by the cells; see their `forward`. */
  protected runForward(x: Tensor, given: readonly (Tensor | null | undefined)[]): Tensor[] {
    const where = `${this.where}.forward`;
    checkTensor(where, 'x', x);
    checkCellInput(where, this.where, x.shape, this.inputSize, true);
    const expected = [...x.shape.slice(0, -1), this.hiddenSize];
    for (const [i, state] of given.entries()) {
      if (state == null) continue;
      checkTensor(where, this.stateNames[i] as string, state);
      checkCellState(where, this.where, this.stateNames, i, state.shape, expected);
    }
    checkBothOrNone(where, this.stateNames, given);
    checkImplementation(this.where, this.options.implementation);
    return tidy(() => {
      this.ensureBuilt(x.shape.at(-1) as number);
      const batched = (tensor: Tensor) => (x.rank === 1 ? expandDims(tensor, 0) : tensor) as Tensor2D;
      const states = given.some((state) => state != null)
        ? given.map((state) => batched(state as Tensor))
        : undefined;
      const next = this.step(batched(x), states);
      return x.rank === 1 ? next.map((state) => squeeze(state, [0])) : next;
    });
  }

  private step(x: Tensor2D, states: readonly Tensor2D[] | undefined): Tensor2D[] {
    const { hiddenSize, implementation } = this.options;
    if (hiddenSize === 0) return this.stateNames.map(() => zeros([x.shape[0], 0]));
    const [weights] = (this.moduleWeights as ModuleWeights).read() as [DirectionWeights];
    return runStep(this.cell, x, states, weights, this.attrs, implementation);
  }

  /** Checks the shapes of x and the states, as tf.layers passes them. */
  private checkShapes(where: string, [x, ...states]: readonly Shape[]): void {
    if (states.length !== this.stateNames.length) {
      const rule = `[x, ${this.stateNames.join(', ')}]`;
      const remedy = 'forward(x) starts from zeros';
      const got = `${states.length + 1} ${states.length === 0 ? 'tensor' : 'tensors'}`;
      throw new RangeError(message(where, 'inputs', rule, got, remedy));
    }
    checkCellInput(where, this.where, x, this.inputSize, false);
    for (const [i, state] of states.entries())
      checkCellState(where, this.where, this.stateNames, i, state, [x[0] as number, this.hiddenSize]);
  }

  /** Builds an unbuilt cell for inputs of `inputSize` features. */
  ensureBuilt(inputSize: number): void {
    if (!this.built) buildLayer(this, this.name, [null, inputSize]);
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...toConfig({ ...this.options, inputSize: this.inputSize }) };
  }
}
