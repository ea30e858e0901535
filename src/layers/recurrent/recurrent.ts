/** What the recurrent layers share: arguments, weights, states, lengths and masks, dropout between layers. */

import {
  expandDims,
  reshape,
  type serialization,
  squeeze,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, message, show, showShape } from '../../check.js';
import type { StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runRecurrent } from '../../ops/recurrent.js';
import { sliceRows } from '../../ops/rows.js';
import { checkTensor } from '../../ops/validate.js';
import { type Cell, outputSize, stackParameters } from '../../torch/cells.js';
import { construct, toConfig } from '../config.js';
import { type Mask, maskFits, sequenceMask } from '../masks/graph.js';
import { type Lengths, lengthsFromMask, toLengths } from '../masks/lengths.js';
import { OwnMask } from '../masks/own-mask.js';
import { buildLayer } from '../weights/build.js';
import { checkInitialWeights, LayerParameters, torchInitializer } from '../weights/module-weights.js';
import {
  type CellDescription,
  parseRecurrentArgs,
  type RecurrentArgs,
  type RecurrentOptions,
} from './args.js';
import {
  checkApplyOptions,
  checkForwardOptions,
  checkSymbolicInputs,
  type ForwardOptions,
  type RecurrentCallArgs,
} from './call-args.js';
import { runWithDropout } from './dropout-between.js';
import { InputShapes } from './input-shapes.js';
import { StateStore } from './state-store.js';

type Inputs = Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[];
type InternalCallArgs = RecurrentCallArgs & { ownMask?: Mask };

function toList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

function givenLengths(where: string, lengths: Lengths | null | undefined, batch: number, steps: number) {
  return lengths == null ? undefined : toLengths(where, lengths, batch, steps);
}

/** `[L*D, B, H]` to `[B, L*D, H]` and back. */
function swapBatch(state: Tensor): Tensor3D {
  return transpose(state, [1, 0, 2]) as Tensor3D;
}

/** A stack of recurrent layers as torch has it, and a tf.layers layer. A subclass brings its equations and torch's `forward`. */
export abstract class Recurrent extends layers.Layer {
  protected readonly options: RecurrentOptions;
  private readonly shapes: InputShapes;
  private readonly attrs: StackAttrs;
  private readonly store = new StateStore();
  private readonly parameters = new LayerParameters();
  private resolvedInputSize: number | undefined;
  private readonly ownMask = new OwnMask(this);

  protected constructor(
    private readonly equations: Cell,
    private readonly cell: CellDescription,
    args: RecurrentArgs,
  ) {
    const options = parseRecurrentArgs(cell, args);
    super(args);
    this.options = options;
    this.shapes = new InputShapes(options, cell.stateNames);
    const { batchFirst, bidirectional, hiddenSize, projSize } = options;
    this.attrs = { batchFirst, bidirectional, hiddenSize, projSize };
    this.resolvedInputSize = options.inputSize;
    this.supportsMasking = true;
    this._stateful = options.stateful;
  }

  /** I, undefined until it was given or read off the first input. */
  get inputSize(): number | undefined {
    return this.resolvedInputSize;
  }

  get hiddenSize(): number {
    return this.options.hiddenSize;
  }

  get numLayers(): number {
    return this.options.numLayers;
  }

  /** D, 1 or 2. */
  get numDirections(): number {
    return this.options.bidirectional ? 2 : 1;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  torchShapes(inputSize: number): Map<string, number[]> {
    return stackParameters(this.cell.gates, inputSize, this.options);
  }

  /** Creates the weights, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises them. */
  override build(inputShape: Shape | Shape[]): void {
    const [x] = this.shapes.checkInputs(this.cell.where, inputShape, this.inputSize);
    const inputSize = x[2];
    if (inputSize == null)
      throw new RangeError(message(this.cell.where, 'x', 'a known last dimension (inputSize)', showShape(x)));
    const shapes = this.torchShapes(inputSize);
    checkInitialWeights(this.cell.where, this.initialWeights, shapes);
    for (const [name, shape] of shapes) {
      const initializer = torchInitializer(name, this.hiddenSize, this.options.seed);
      this.parameters.set(name, this.addWeight(name, shape, 'float32', initializer, undefined, true));
    }
    this.resolvedInputSize = inputSize;
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [x] = this.shapes.checkInputs(`${this.cell.where}.apply`, inputShape, this.inputSize);
    this.ownMask.noteShapeAsked();
    const { batchFirst, returnSequences, returnState } = this.options;
    const [batch, steps] = this.shapes.batchAndSteps(x);
    const sequence = batchFirst ? [batch, steps] : [steps, batch];
    const features = this.numDirections * outputSize(this.options);
    const output = (returnSequences ? [...sequence, features] : [batch, features]) as Shape;
    const { stackSize, stateSizes } = this.shapes;
    return returnState
      ? [output, ...stateSizes.map((size): Shape => [batch ?? null, stackSize, size])]
      : output;
  }

  /** Hands the mask of a sequence on with the sequence; final states have none. */
  override computeMask(inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor | Tensor[] {
    const { batchFirst, returnSequences, returnState } = this.options;
    const given = this.ownMask.confirm(`${this.cell.where}.apply`, mask);
    const fits = batchFirst && returnSequences && maskFits(given, toList(inputs)[0] as Tensor);
    // tfjs declares masks non-null and treats null as "none".
    const none = null as unknown as Tensor;
    const own = fits ? given : none;
    return returnState ? [own, ...this.cell.stateNames.map(() => none)] : own;
  }

  /**
   * tf.layers' call, eager or symbolic: `apply(x)`, `apply([x, h0])`, LSTM `apply([x, h0, c0])`, eagerly also
   * `apply(x, { lengths, training })`.
   *
   * States are batch-leading here, `[B, L*D, H]` (a projected h `[B, L*D, P]`), given and returned. Eager outputs belong to
   * the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(
    inputs: Inputs,
    kwargs?: RecurrentCallArgs | null,
  ): Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[] {
    const where = `${this.cell.where}.apply`;
    const args = kwargs ?? {};
    const [first] = toList<unknown>(inputs);
    const isSymbolic = first instanceof SymbolicTensor;
    // In a model the options may hold what tfjs's layers leave in them, such as an initialState.
    if (isSymbolic || !this.ownMask.isByExecutor(inputs as Tensor | Tensor[]))
      checkApplyOptions(where, args, this.cell.stateNames);
    if (isSymbolic) return this.applySymbolic(where, inputs, args);
    const tensors = toList(inputs) as Tensor[];
    for (const [i, input] of tensors.entries())
      checkTensor(where, i === 0 ? 'x' : (this.cell.stateNames[i - 1] ?? `inputs[${i}]`), input);
    if (args.training !== undefined) checkBoolean(where, 'training', args.training);
    const ownMask = this.ownMask.choose(where, inputs as Tensor | Tensor[], args.mask, args.lengths != null);
    if (!this.built) tidy(() => void this.prepareCall(where, tensors, { ...args, ownMask }));
    return super.apply(inputs, { ...args, ownMask });
  }

  private applySymbolic(where: string, inputs: Inputs, args: RecurrentCallArgs) {
    if (!this.options.batchFirst) {
      const remedy =
        'tf models count samples on axis 0: use batchFirst: true and transpose around the model if need be';
      throw new RangeError(message(where, 'batchFirst', 'true inside a model', 'false', remedy));
    }
    if (args.lengths !== undefined) {
      const remedy = 'Inside a model lengths travel as the mask of tf.layers.embedding({ maskZero: true })';
      throw new TypeError(message(where, 'lengths', 'none in a symbolic call', show(args.lengths), remedy));
    }
    checkSymbolicInputs(where, toList<unknown>(inputs));
    return this.ownMask.whileSymbolic(() => super.apply(inputs, args));
  }

  override call(inputs: Tensor | Tensor[], kwargs: InternalCallArgs = {}): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const { x, initialStates, lengths } = this.prepareCall(
        `${this.cell.where}.apply`,
        toList(inputs),
        kwargs,
      );
      const { output, finalStates } = this.runLayers(x, initialStates, lengths, kwargs.training ?? false);
      if (this.stateful) this.store.set(finalStates);
      const sequence = this.options.returnSequences ? output : this.lastHidden(finalStates[0] as Tensor3D);
      return this.options.returnState ? [sequence, ...finalStates.map(swapBatch)] : sequence;
    });
  }

  /** Everything that `call` can refuse, before the layer is built: a call that throws leaves it unbuilt. */
  private prepareCall(where: string, inputs: readonly Tensor[], args: InternalCallArgs) {
    const [x, ...given] = inputs as [Tensor3D, ...Tensor[]];
    checkImplementation(this.cell.where, this.options.implementation);
    this.shapes.checkInputs(where, [x.shape, ...given.map((state) => state.shape)], this.inputSize);
    const [batch, steps] = this.shapes.batchAndSteps(x.shape) as [number, number];
    const initialStates = this.initialStates(where, given, batch);
    const isMasked = args.lengths == null && this.options.batchFirst && maskFits(args.ownMask, x);
    const lengths = isMasked
      ? lengthsFromMask(where, sequenceMask(args.ownMask as Tensor, x))
      : givenLengths(where, args.lengths, batch, steps);
    return { x, initialStates, lengths };
  }

  /** torch's call, shared by the layers; see their `forward`. */
  protected runForward(x: Tensor, options: ForwardOptions): StackOutputs {
    const where = `${this.cell.where}.forward`;
    checkForwardOptions(where, options, this.cell.stateNames);
    const states = this.cell.stateNames.map((name) => (options as Readonly<Record<string, unknown>>)[name]);
    checkTensor(where, 'x', x);
    checkImplementation(this.cell.where, this.options.implementation);
    this.shapes.checkSequence(where, x.shape, this.inputSize, true);
    return tidy(() => {
      const unbatched = x.rank === 2;
      const batchAxis = this.options.batchFirst ? 0 : 1;
      const batched = (unbatched ? expandDims(x, batchAxis) : x) as Tensor3D;
      const [batch, steps] = this.shapes.batchAndSteps(batched.shape) as [number, number];
      if (unbatched && options.lengths != null)
        throw new RangeError(
          message(where, 'lengths', 'a batched 3-D x', `x ${showShape(x.shape)}`, 'Slice x instead'),
        );
      const initial = this.shapes.torchStates(where, states, unbatched, batch, steps);
      const lengths = givenLengths(where, options.lengths, batch, steps);
      this.ensureBuilt(x.shape[x.rank - 1] as number);
      const { output, finalStates } = this.runLayers(batched, initial, lengths, options.training ?? false);
      if (!unbatched) return { output, finalStates };
      const squeezed = {
        output: squeeze(output, [batchAxis]),
        finalStates: finalStates.map((s) => squeeze(s, [1])),
      };
      return squeezed as unknown as StackOutputs;
    });
  }

  /** The states an `apply` call starts from: given batch-leading ones, else those of a stateful layer, else zeros. */
  private initialStates(
    where: string,
    given: readonly Tensor[],
    batch: number,
  ): readonly Tensor3D[] | undefined {
    const isGiven = given.length > 0;
    if (this.stateful) this.store.checkBatch(where, batch, this.batchInputShape?.[0] ?? undefined, !isGiven);
    if (isGiven) return given.map(swapBatch);
    return this.stateful ? this.store.states : undefined;
  }

  /** One op call for the whole stack, or one per layer where dropout acts between them. */
  private runLayers(
    x: Tensor3D,
    initialStates: readonly Tensor3D[] | undefined,
    lengths: Tensor1D | undefined,
    training: boolean,
  ): StackOutputs {
    const { dropout, numLayers, implementation } = this.options;
    const inputs: StackInputs = { x, initialStates, weights: this.parameters.read(), lengths };
    const run = (stack: StackInputs) => runRecurrent(this.equations, stack, this.attrs, implementation);
    const drops = training && dropout > 0 && numLayers > 1;
    return drops ? runWithDropout(run, inputs, this.numDirections, dropout) : run(inputs);
  }

  /** The last layer's final hidden state of all directions, `[B, D*H]` or `[B, D*P]`, from `hn`. */
  private lastHidden(hn: Tensor3D): Tensor2D {
    const d = this.numDirections;
    const last = swapBatch(sliceRows(hn, this.shapes.stackSize - d, d));
    return reshape(last, [last.shape[0], d * last.shape[2]]);
  }

  /** Builds an unbuilt layer for inputs of `inputSize` features. */
  ensureBuilt(inputSize: number): void {
    if (this.built) return;
    buildLayer(this, this.name, [null, null, inputSize]);
  }

  /**
   * Forgets the states of a stateful layer, or sets them.
   * @param states batch-leading `[B, L*D, H or P]`, one per state of the cell; copied, the caller keeps its own.
   */
  override resetStates(states?: Tensor | Tensor[]): void {
    const where = `${this.cell.where}.resetStates`;
    this.assertNotDisposed();
    if (!this.stateful) throw new RangeError(message(where, 'stateful', 'true', 'false'));
    if (states === undefined) {
      this.store.clear();
      return;
    }
    const list = toList(states);
    for (const [i, state] of list.entries())
      checkTensor(where, this.cell.stateNames[i] ?? `states[${i}]`, state);
    this.shapes.checkGivenStates(
      where,
      list.map(({ shape }) => shape),
      this.batchInputShape?.[0] ?? null,
    );
    tidy(() => this.store.set(list.map(swapBatch)));
  }

  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    return construct(cls, config);
  }

  override getConfig(): serialization.ConfigDict {
    const { projSize, ...options } = this.options;
    const own = this.cell.ownArgs.includes('projSize') ? { projSize } : {};
    return { ...super.getConfig(), ...toConfig({ ...options, ...own, inputSize: this.inputSize }) };
  }

  override dispose(): ReturnType<layers.Layer['dispose']> {
    if (!this.built) this.store.clear();
    const result = super.dispose();
    if (result.refCountAfterDispose === 0) this.store.clear();
    return result;
  }
}
