/** What the recurrent cells share: arguments, weights, one step in tf.layers' form and in torch's. */

import {
  expandDims,
  reshape,
  type serialization,
  squeeze,
  type Tensor,
  type Tensor2D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';
import type { DirectionWeights, StackAttrs } from '../../kernels/contract.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runStep } from '../../ops/step.js';
import { checkTensor } from '../../ops/validate.js';
import { type Cell, cellParameters } from '../../torch/cells.js';
import { construct, toConfig } from '../config.js';
import type { CellDescription } from '../recurrent/args.js';
import { checkSymbolicInputs } from '../recurrent/call-args.js';
import { buildLayer, moveToScope } from '../weights/build.js';
import { checkInitialWeights, LayerParameters, torchInitializer } from '../weights/module-weights.js';
import { parseCellArgs, type RecurrentCellArgs, type RecurrentCellOptions } from './args.js';
import { checkCellInput, checkCellState } from './checks.js';

type Inputs = Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[];

/** The shapes of x and the states from what tf.layers passes: one shape, or a list of shapes. */
function shapeList(inputShape: Shape | Shape[]): [Shape, ...Shape[]] {
  return (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as [Shape, ...Shape[]];
}

/**
 * One step of a recurrent network as torch's cells compute it, and a cell of tf.layers: `tf.layers.rnn({ cell })` runs it
 * over a sequence. A subclass brings its equations and torch's `forward`.
 */
export abstract class RecurrentCell extends layers.RNNCell {
  /** H, or `[H, H]` of a cell with h and c. */
  readonly stateSize: number | number[];

  protected readonly options: RecurrentCellOptions;
  private readonly attrs: StackAttrs;
  private readonly parameters = new LayerParameters();
  private resolvedInputSize: number | undefined;

  protected constructor(
    private readonly equations: Cell,
    private readonly cell: CellDescription,
    args: RecurrentCellArgs,
  ) {
    const options = parseCellArgs(cell, args);
    super(args);
    this.options = options;
    this.resolvedInputSize = options.inputSize;
    const { hiddenSize } = options;
    this.attrs = { batchFirst: false, bidirectional: false, hiddenSize, projSize: 0 };
    this.stateSize = cell.stateNames.length === 1 ? hiddenSize : cell.stateNames.map(() => hiddenSize);
  }

  /** I, undefined until it was given or read off the first input. */
  get inputSize(): number | undefined {
    return this.resolvedInputSize;
  }

  get hiddenSize(): number {
    return this.options.hiddenSize;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  torchShapes(inputSize: number): Map<string, number[]> {
    return cellParameters(this.cell.gates, inputSize, { ...this.options, projSize: 0 });
  }

  /**
   * Creates the weights, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises them. `tf.layers.rnn` builds its cell with
   * itself: one that is built already keeps its weights, and they take the names they would have been given there.
   */
  override build(inputShape: Shape | Shape[]): void {
    const [x] = shapeList(inputShape);
    checkCellInput(this.cell.where, this.cell.where, x, this.inputSize, false);
    if (this.built) {
      moveToScope(this.parameters.byName);
      return;
    }
    const inputSize = x[1];
    if (inputSize == null)
      throw new RangeError(message(this.cell.where, 'x', 'a known last dimension (inputSize)', showShape(x)));
    const shapes = this.torchShapes(inputSize);
    checkInitialWeights(this.cell.where, this.initialWeights, shapes);
    for (const [name, shape] of shapes) {
      const initializer = torchInitializer(name, this.hiddenSize, this.options.seed);
      this.parameters.set(name, this.addWeight(name, shape, 'float32', initializer, undefined, true));
    }
    this.resolvedInputSize = inputSize;
    this.built = true;
    // Layer.apply does so itself, but tf.layers.rnn does not.
    if (this.initialWeights) this.setWeights(this.initialWeights);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = shapeList(inputShape);
    this.checkShapes(`${this.cell.where}.apply`, shapes);
    const state: Shape = [shapes[0]?.[0] as number, this.hiddenSize];
    return [state, ...this.cell.stateNames.map(() => state)];
  }

  /**
   * tf.layers' step, eager or symbolic: `[x, h]` to `[h', h']`, LSTM `[x, h, c]` to `[h', h', c']`, each `[B, H]`; the
   * first is the output. Eager outputs belong to the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(
    inputs: Inputs,
    kwargs?: Parameters<layers.Layer['apply']>[1],
  ): Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[] {
    const where = `${this.cell.where}.apply`;
    const list = (Array.isArray(inputs) ? inputs : [inputs]) as (Tensor | SymbolicTensor)[];
    if (list[0] instanceof SymbolicTensor) checkSymbolicInputs(where, list);
    else
      for (const [i, input] of list.entries())
        checkTensor(where, i === 0 ? 'x' : (this.cell.stateNames[i - 1] ?? `inputs[${i}]`), input);
    this.checkShapes(
      where,
      list.map(({ shape }) => shape),
    );
    checkImplementation(this.cell.where, this.options.implementation);
    return super.apply(inputs, kwargs);
  }

  override call(inputs: Tensor | Tensor[], kwargs: Parameters<layers.Layer['call']>[1] = {}): Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const [x, ...states] = inputs as [Tensor2D, ...Tensor2D[]];
      const next = this.step(x, states);
      const [h] = next as [Tensor2D];
      // A tensor of its own for the output: the executor of a model disposes each one once its last reader is done.
      return [reshape(h, h.shape), ...next];
    });
  }

  /** torch's call, shared by the cells; see their `forward`. */
  protected runForward(x: Tensor, given: readonly (Tensor | null | undefined)[]): Tensor[] {
    const { where: className, stateNames } = this.cell;
    const where = `${className}.forward`;
    checkTensor(where, 'x', x);
    checkCellInput(where, className, x.shape, this.inputSize, true);
    const expected = [...x.shape.slice(0, -1), this.hiddenSize];
    for (const [i, state] of given.entries()) {
      if (state == null) continue;
      checkTensor(where, stateNames[i] as string, state);
      checkCellState(where, className, stateNames, i, state.shape, expected);
    }
    checkImplementation(className, this.options.implementation);
    return tidy(() => {
      this.ensureBuilt(x.shape.at(-1) as number);
      const batched = (tensor: Tensor) => (x.rank === 1 ? expandDims(tensor, 0) : tensor) as Tensor2D;
      const states = given.some((state) => state != null)
        ? given.map((state) => batched(state ?? zeros(expected)))
        : undefined;
      const next = this.step(batched(x), states);
      return x.rank === 1 ? next.map((state) => squeeze(state, [0])) : next;
    });
  }

  private step(x: Tensor2D, states: readonly Tensor2D[] | undefined): Tensor2D[] {
    const { hiddenSize, implementation } = this.options;
    if (hiddenSize === 0) return this.cell.stateNames.map(() => zeros([x.shape[0], 0]));
    const [weights] = this.parameters.read() as [DirectionWeights];
    return runStep(this.equations, x, states, weights, this.attrs, implementation);
  }

  /** Checks the shapes of `x` and the states, as tf.layers passes them. */
  private checkShapes(where: string, [x, ...states]: readonly Shape[]): void {
    const { where: className, stateNames } = this.cell;
    if (states.length !== stateNames.length) {
      const rule = `[x, ${stateNames.join(', ')}]`;
      const remedy = 'forward() starts from zeros where a state is left out';
      const got = `${states.length + 1} ${states.length === 0 ? 'tensor' : 'tensors'}`;
      throw new RangeError(message(where, 'inputs', rule, got, remedy));
    }
    checkCellInput(where, className, x, this.inputSize, false);
    for (const [i, state] of states.entries())
      checkCellState(where, className, stateNames, i, state, [x[0] as number, this.hiddenSize]);
  }

  /** Builds an unbuilt cell for inputs of `inputSize` features. */
  ensureBuilt(inputSize: number): void {
    if (!this.built) buildLayer(this, this.name, [null, inputSize]);
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    return construct(cls, config);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...toConfig({ ...this.options, inputSize: this.inputSize }) };
  }
}
