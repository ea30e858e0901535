/** What the recurrent layers share: the calls of tf.layers and of torch, weights, states, masks, dropout between layers. */

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
import { type LayerVariable, layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, message, show, showShape } from '../../check.js';
import type { StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runRecurrent } from '../../ops/recurrent.js';
import { sliceRows } from '../../ops/rows.js';
import { checkTensor } from '../../ops/validate.js';
import { CELLS, type Cell, outputSize, stackParameters } from '../../torch/cells.js';
import { construct, toConfig } from '../config.js';
import { lengthsFromMask, toLengths } from '../masks/lengths.js';
import { maskFits, sequenceMask } from '../masks/mask.js';
import { OwnMask } from '../masks/own-mask.js';
import { type LayerTensors, toList } from '../one-or-many.js';
import { buildLayer } from '../weights/build.js';
import { ModuleWeights } from '../weights/module-weights.js';
import { parseRecurrentArgs, type RecurrentArgs, type RecurrentOptions } from './args.js';
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

/** The tensors of one call, checked: those of the op, but for the weights. */
type PreparedCall = Omit<StackInputs, 'weights'>;

/** `[L*D, B, H]` to `[B, L*D, H]` and back. */
function swapBatch(state: Tensor): Tensor3D {
  return transpose(state, [1, 0, 2]) as Tensor3D;
}

/** A stack of recurrent layers as torch has it, and a layer of tf.layers. A subclass adds torch's `forward`. */
export abstract class Recurrent extends layers.Layer {
  protected readonly options: RecurrentOptions;
  /** The class's name in messages. */
  private readonly where: string;
  /** h0, and c0 where there is one. */
  private readonly stateNames: readonly string[];
  private readonly shapes: InputShapes;
  private readonly attrs: StackAttrs;
  private readonly store = new StateStore();
  private readonly ownMask = new OwnMask(this);
  private moduleWeights: ModuleWeights | undefined;

  protected constructor(
    private readonly cell: Cell,
    args: RecurrentArgs,
  ) {
    const options = parseRecurrentArgs(cell, args);
    super(args);
    this.options = options;
    this.where = CELLS[cell].className;
    this.stateNames = CELLS[cell].states.map((state) => `${state}0`);
    this.shapes = new InputShapes(options, this.stateNames);
    const { batchFirst, bidirectional, hiddenSize, projSize } = options;
    this.attrs = { batchFirst, bidirectional, hiddenSize, projSize };
    this.supportsMasking = true;
    this._stateful = options.stateful;
  }

  /** I; undefined until it is given or read off the first input. */
  get inputSize(): number | undefined {
    return this.moduleWeights?.inputSize ?? this.options.inputSize;
  }

  /** H. */
  get hiddenSize(): number {
    return this.options.hiddenSize;
  }

  /** L. */
  get numLayers(): number {
    return this.options.numLayers;
  }

  /** D, 1 or 2. */
  get numDirections(): number {
    return this.options.bidirectional ? 2 : 1;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  torchShapes(inputSize: number): Map<string, number[]> {
    return stackParameters(CELLS[this.cell].gates, inputSize, this.options);
  }

  /** The weights under torch's names, in the order of `state_dict()`; empty before the layer is built. */
  get torchWeights(): ReadonlyMap<string, LayerVariable> {
    return this.moduleWeights?.byName ?? new Map();
  }

  /** Creates the weights, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises them. */
  override build(inputShape: Shape | Shape[]): void {
    const [x] = this.shapes.checkInputs(this.where, inputShape, this.inputSize);
    this.moduleWeights = ModuleWeights.create(this.where, this, this.options, x, (name, shape, initializer) =>
      this.addWeight(name, shape, 'float32', initializer),
    );
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [x] = this.shapes.checkInputs(`${this.where}.apply`, inputShape, this.inputSize);
    this.ownMask.markNested();
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

  /** Passes on the mask of a sequence with the sequence; final states have none. */
  override computeMask(inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor | Tensor[] {
    const { batchFirst, returnSequences, returnState } = this.options;
    const given = this.ownMask.confirm(`${this.where}.apply`, mask);
    const fits = batchFirst && returnSequences && maskFits(given, toList(inputs)[0] as Tensor);
    // tfjs declares masks non-null and treats null as "none".
    const none = null as unknown as Tensor;
    const own = fits ? given : none;
    return returnState ? [own, ...this.stateNames.map(() => none)] : own;
  }

  /**
   * tf.layers' call, eager or symbolic: `apply(x)`, `apply([x, h0])`, LSTM `apply([x, h0, c0])`, eagerly also
   * `apply(x, { lengths, training })`.
   *
   * States are batch-leading here, `[B, L*D, H]` (a projected h `[B, L*D, P]`), given and returned. Eager outputs belong to
   * the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(inputs: LayerTensors, kwargs?: RecurrentCallArgs | null): LayerTensors {
    const where = `${this.where}.apply`;
    const args = kwargs ?? {};
    const isSymbolic = toList<unknown>(inputs)[0] instanceof SymbolicTensor;
    // In a model the options may hold what other layers of tfjs leave in them, such as an initialState.
    if (isSymbolic || !this.ownMask.isByExecutor(inputs as Tensor | Tensor[]))
      checkApplyOptions(where, args, this.stateNames);
    if (isSymbolic) return this.applySymbolic(where, inputs, args);
    const tensors = inputs as Tensor | Tensor[];
    for (const [i, input] of toList(tensors).entries())
      checkTensor(where, i === 0 ? 'x' : (this.stateNames[i - 1] ?? `inputs[${i}]`), input);
    if (args.training !== undefined) checkBoolean(where, 'training', args.training);
    return tidy(() => {
      // Checked before tfjs builds the layer: a call that throws leaves it unbuilt.
      const prepared = this.prepareCall(where, tensors, args);
      return super.apply(inputs, { ...args, prepared }) as Tensor | Tensor[];
    });
  }

  private applySymbolic(where: string, inputs: LayerTensors, args: RecurrentCallArgs): LayerTensors {
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

  override call(
    inputs: Tensor | Tensor[],
    kwargs: RecurrentCallArgs & { prepared?: PreparedCall } = {},
  ): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      // A wrapper such as timeDistributed calls this directly, with a mask that is not the layer's.
      const { lengths, training = false } = kwargs;
      const prepared = kwargs.prepared ?? this.prepareCall(`${this.where}.apply`, inputs, { lengths });
      const { output, finalStates } = this.runLayers(prepared, training);
      if (this.stateful) this.store.set(finalStates);
      const sequence = this.options.returnSequences ? output : this.lastHidden(finalStates[0] as Tensor3D);
      return this.options.returnState ? [sequence, ...finalStates.map(swapBatch)] : sequence;
    });
  }

  /** Checks the inputs of `call`, before the layer is built. Lengths that are given go before a mask. */
  private prepareCall(where: string, inputs: Tensor | Tensor[], args: RecurrentCallArgs): PreparedCall {
    const [x, ...given] = toList(inputs) as [Tensor3D, ...Tensor[]];
    checkImplementation(this.where, this.options.implementation);
    this.shapes.checkInputs(where, [x.shape, ...given.map((state) => state.shape)], this.inputSize);
    const [batch, steps] = this.shapes.batchAndSteps(x.shape) as [number, number];
    const initialStates = this.initialStates(where, given, batch);
    const lengths =
      args.lengths == null
        ? this.maskLengths(where, inputs, args.mask)
        : toLengths(where, args.lengths, batch, steps);
    return { x, initialStates, lengths };
  }

  /** The lengths of the layer's own mask. */
  private maskLengths(where: string, inputs: Tensor | Tensor[], given: RecurrentCallArgs['mask']) {
    const mask = this.ownMask.choose(where, inputs, given);
    const [x] = toList(inputs) as [Tensor];
    const isMasked = this.options.batchFirst && maskFits(mask, x);
    return isMasked ? lengthsFromMask(where, sequenceMask(mask, x)) : undefined;
  }

  /** torch's call, shared by the layers; see their `forward`. */
  protected runForward(x: Tensor, options: ForwardOptions): StackOutputs {
    const where = `${this.where}.forward`;
    checkForwardOptions(where, options, this.stateNames);
    const states = this.stateNames.map((name) => (options as Readonly<Record<string, unknown>>)[name]);
    checkTensor(where, 'x', x);
    checkImplementation(this.where, this.options.implementation);
    this.shapes.checkSequence(where, x.shape, this.inputSize, true);
    return tidy(() => {
      const unbatched = x.rank === 2;
      const batchAxis = this.options.batchFirst ? 0 : 1;
      const batched = (unbatched ? expandDims(x, batchAxis) : x) as Tensor3D;
      const [batch, steps] = this.shapes.batchAndSteps(batched.shape) as [number, number];
      const initialStates = this.shapes.torchStates(where, states, unbatched, batch, steps);
      const lengths = this.forwardLengths(where, x, options.lengths, batch, steps);
      this.ensureBuilt(x.shape[x.rank - 1] as number);
      const outputs = this.runLayers({ x: batched, initialStates, lengths }, options.training ?? false);
      if (!unbatched) return outputs;
      const squeezed = {
        output: squeeze(outputs.output, [batchAxis]),
        finalStates: outputs.finalStates.map((state) => squeeze(state, [1])),
      };
      return squeezed as unknown as StackOutputs;
    });
  }

  private forwardLengths(
    where: string,
    x: Tensor,
    lengths: ForwardOptions['lengths'],
    batch: number,
    steps: number,
  ): Tensor1D | undefined {
    if (lengths == null) return undefined;
    if (x.rank === 2)
      throw new RangeError(
        message(where, 'lengths', 'a batched 3-D x', `x ${showShape(x.shape)}`, 'Slice x instead'),
      );
    return toLengths(where, lengths, batch, steps);
  }

  /** The states that a call of `apply` starts from: the given ones, else those of a stateful layer, else zeros. */
  private initialStates(where: string, given: readonly Tensor[], batch: number) {
    const isGiven = given.length > 0;
    if (this.stateful) this.store.checkBatch(where, batch, this.batchInputShape?.[0] ?? undefined, !isGiven);
    if (isGiven) return given.map(swapBatch);
    return this.stateful ? this.store.states : undefined;
  }

  /** Runs the whole stack in one call of the op, or with dropout between the layers in one call per layer. */
  private runLayers({ x, initialStates, lengths }: PreparedCall, training: boolean): StackOutputs {
    const { dropout, numLayers, implementation } = this.options;
    const inputs = { x, initialStates, lengths, weights: (this.moduleWeights as ModuleWeights).read() };
    if (!training || dropout === 0 || numLayers === 1)
      return runRecurrent(this.cell, inputs, this.attrs, implementation);
    const run = (stack: StackInputs) => runRecurrent(this.cell, stack, this.attrs, implementation);
    return runWithDropout(run, inputs, this.numDirections, dropout);
  }

  /** The last layer's final hidden state of all directions, `[B, D*H]` or `[B, D*P]`, from `hn`. */
  private lastHidden(hn: Tensor3D): Tensor2D {
    const d = this.numDirections;
    const last = swapBatch(sliceRows(hn, this.shapes.stackSize - d, d));
    return reshape(last, [last.shape[0], d * last.shape[2]]);
  }

  /** Builds an unbuilt layer for inputs of `inputSize` features. */
  ensureBuilt(inputSize: number): void {
    if (!this.built) buildLayer(this, this.name, [null, null, inputSize]);
  }

  /**
   * Forgets the states of a stateful layer, or sets them.
   * @param states batch-leading `[B, L*D, H or P]`, one per state of the cell; copied, the caller keeps its own.
   * @throws RangeError or TypeError naming the argument; RangeError for a layer that is not stateful.
   */
  override resetStates(states?: Tensor | Tensor[]): void {
    const where = `${this.where}.resetStates`;
    this.assertNotDisposed();
    const nameOf = (i: number) => this.stateNames[i] ?? `states[${i}]`;
    this.store.reset(where, this.stateful, states, nameOf, (given) => {
      const shapes = given.map(({ shape }) => shape);
      this.shapes.checkGivenStates(where, shapes, this.batchInputShape?.[0] ?? null);
      return given.map(swapBatch);
    });
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    const { projSize, ...options } = this.options;
    const own = CELLS[this.cell].canProject ? { projSize } : {};
    return { ...super.getConfig(), ...toConfig({ ...options, ...own, inputSize: this.inputSize }) };
  }

  override dispose(): ReturnType<layers.Layer['dispose']> {
    return this.store.clearWith(this.built, () => super.dispose());
  }
}
