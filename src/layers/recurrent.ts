/** What the recurrent layers share: arguments, weights, states, lengths and masks, dropout between layers. */

import {
  expandDims,
  reshape,
  type serialization,
  slice,
  squeeze,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tidy,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import {
  initializers,
  type LayerVariable,
  layers,
  type Shape,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { checkKeys, message, show, showShape } from '../check.js';
import type { StackAttrs, StackInputs, StackOutputs } from '../kernels/contract.js';
import type { Implementation } from '../ops/implementation.js';
import { type Lengths, lengthsFromMask, toLengths } from '../ops/lengths.js';
import { checkSequenceShape, checkStateShape, checkTensor } from '../ops/validate.js';
import { parseRecurrentArgs, type RecurrentArgs, type RecurrentOptions } from './args.js';
import type { ForwardOptions, RecurrentCallArgs } from './call-args.js';
import { runWithDropout } from './dropout-between.js';
import { firstMask, graphCarriesMask, type Mask, maskFits, takeNodeMask } from './masks.js';
import { directionWeights, torchShapes } from './parameters.js';
import { StateStore } from './state-store.js';
import { buildLayer } from './weights.js';

type Inputs = Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[];
type InternalCallArgs = RecurrentCallArgs & { believedMask?: Mask };

function toList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

/** `[L*D, B, H]` to `[B, L*D, H]` and back. */
function swapBatch(state: Tensor): Tensor3D {
  return transpose(state, [1, 0, 2]) as Tensor3D;
}

export abstract class Recurrent extends layers.Layer {
  /** G, the number of gate blocks in the rows of each weight. */
  protected abstract readonly gates: number;
  /** Names of the initial states in the cell's order: h0, and c0 where there is one. */
  protected abstract readonly stateNames: readonly string[];
  /** The class's name in messages. */
  protected abstract readonly where: string;
  protected abstract runOp(
    inputs: StackInputs,
    attrs: StackAttrs,
    implementation: Implementation,
  ): StackOutputs;

  protected readonly options: RecurrentOptions;
  private readonly store = new StateStore();
  private readonly parameters = new Map<string, LayerVariable>();
  private resolvedInputSize: number | undefined;

  protected constructor(where: string, args: RecurrentArgs) {
    const options = parseRecurrentArgs(where, args);
    super(args);
    this.options = options;
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
    return torchShapes(this.gates, inputSize, this.options);
  }

  /** Creates the weights, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises them. */
  override build(inputShape: Shape | Shape[]): void {
    const [x] = this.checkShapes(this.where, inputShape);
    const inputSize = x[2];
    if (inputSize == null)
      throw new RangeError(message(this.where, 'x', 'a known last dimension (inputSize)', showShape(x)));
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const [name, shape] of this.torchShapes(inputSize)) {
      const seed = this.options.seed === undefined ? undefined : this.options.seed + this.parameters.size;
      const initializer = initializers.randomUniform({ minval: -bound, maxval: bound, seed });
      this.parameters.set(name, this.addWeight(name, shape, 'float32', initializer, undefined, true));
    }
    this.resolvedInputSize = inputSize;
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [x] = this.checkShapes(`${this.where}.apply`, inputShape);
    const { hiddenSize, returnSequences, returnState } = this.options;
    const [batch, steps] = this.batchAndSteps(x);
    const stateShape: Shape = [batch ?? null, this.stackSize, hiddenSize];
    const sequence = this.options.batchFirst ? [batch, steps] : [steps, batch];
    const features = this.numDirections * hiddenSize;
    const output = (returnSequences ? [...sequence, features] : [batch, features]) as Shape;
    return returnState ? [output, ...this.stateNames.map(() => stateShape)] : output;
  }

  /** Hands the mask of a sequence on with the sequence; final states have none. */
  override computeMask(inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor | Tensor[] {
    const x = toList(inputs)[0] as Tensor;
    const given = firstMask(mask);
    // tfjs declares masks non-null and treats null as "none".
    const none = null as unknown as Tensor;
    const own = this.options.returnSequences && maskFits(given, x) ? given : none;
    return this.options.returnState ? [own, ...this.stateNames.map(() => none)] : own;
  }

  /**
   * tf.layers' call, eager or symbolic: `apply(x)`, `apply([x, h0])`, eagerly also `apply(x, { lengths, training })`.
   *
   * States are batch-leading here, `[B, L*D, H]`, given and returned. Eager outputs belong to the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(
    inputs: Inputs,
    kwargs: RecurrentCallArgs = {},
  ): Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[] {
    const where = `${this.where}.apply`;
    if (!toList<unknown>(inputs).some((input) => input instanceof Tensor)) {
      this.checkSymbolicCall(where, kwargs);
      return super.apply(inputs, kwargs);
    }
    if ('initialState' in kwargs)
      throw new TypeError(
        message(where, 'initialState', 'a known argument', 'initialState', 'Call apply([x, h0])'),
      );
    for (const [i, input] of toList(inputs).entries())
      checkTensor(where, i === 0 ? 'x' : (this.stateNames[i - 1] ?? `inputs[${i}]`), input);
    if (!this.built) this.checkFirstCall(where, toList(inputs) as Tensor[], kwargs);
    // The executor always passes a list; a user's own call is believed whatever the graph says.
    const believed = !Array.isArray(inputs) || graphCarriesMask(this);
    const call: InternalCallArgs = { ...kwargs, believedMask: believed ? firstMask(kwargs.mask) : undefined };
    return super.apply(inputs, call);
  }

  /** What `call` would refuse, before the layer is built: a call that throws leaves an unbuilt layer unbuilt. */
  private checkFirstCall(where: string, inputs: Tensor[], { lengths }: RecurrentCallArgs): void {
    const [x] = this.checkShapes(
      where,
      inputs.map((input) => input.shape),
    );
    const [batch, steps] = this.batchAndSteps(x);
    if (lengths != null) tidy(() => void toLengths(where, lengths, batch as number, steps as number));
  }

  private checkSymbolicCall(where: string, kwargs: RecurrentCallArgs): void {
    if (!this.options.batchFirst) {
      const remedy =
        'tf models count samples on axis 0: use batchFirst: true and transpose around the model if need be';
      throw new RangeError(message(where, 'batchFirst', 'true inside a model', 'false', remedy));
    }
    if (kwargs.lengths === undefined) return;
    const remedy = 'Inside a model lengths travel as the mask of tf.layers.embedding({ maskZero: true })';
    throw new TypeError(message(where, 'lengths', 'none in a symbolic call', show(kwargs.lengths), remedy));
  }

  override call(inputs: Tensor | Tensor[], kwargs: InternalCallArgs = {}): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const where = `${this.where}.apply`;
      const [x, ...given] = toList(inputs) as [Tensor3D, ...Tensor[]];
      this.checkShapes(where, [x.shape, ...given.map((state) => state.shape)]);
      const [batch, steps] = this.batchAndSteps(x.shape) as [number, number];
      const mask = kwargs.believedMask ?? takeNodeMask(this, kwargs);
      const lengths = this.resolveLengths(where, kwargs.lengths, mask, x, batch, steps);
      const initial = this.initialStates(where, given, batch);
      const { output, finalStates } = this.runLayers(x, initial, lengths, kwargs.training ?? false);
      if (this.stateful) this.store.set(finalStates);
      const sequence = this.options.returnSequences ? output : this.lastHidden(finalStates[0] as Tensor3D);
      return this.options.returnState ? [sequence, ...finalStates.map(swapBatch)] : sequence;
    });
  }

  /** torch's call, shared by the layers; see their `forward`. */
  protected runForward(
    x: Tensor,
    states: readonly (Tensor | null | undefined)[],
    options: ForwardOptions,
  ): StackOutputs {
    const where = `${this.where}.forward`;
    checkKeys(where, options, [...this.stateNames, 'lengths', 'training']);
    checkTensor(where, 'x', x);
    this.checkSequence(where, x.shape, true);
    return tidy(() => {
      const unbatched = x.rank === 2;
      const batchAxis = this.options.batchFirst ? 0 : 1;
      const batched = (unbatched ? expandDims(x, batchAxis) : x) as Tensor3D;
      const [batch, steps] = this.batchAndSteps(batched.shape) as [number, number];
      if (unbatched && options.lengths != null)
        throw new RangeError(
          message(where, 'lengths', 'a batched 3-D x', `x ${showShape(x.shape)}`, 'Slice x instead'),
        );
      const initial = this.torchStates(where, states, unbatched, batch);
      const lengths = this.resolveLengths(where, options.lengths, undefined, batched, batch, steps);
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

  /** The states a `forward` call starts from, or undefined for zeros; absent ones beside given ones are zeros. */
  private torchStates(
    where: string,
    states: readonly (Tensor | null | undefined)[],
    unbatched: boolean,
    batch: number,
  ): Tensor3D[] | undefined {
    if (states.every((state) => state == null)) return undefined;
    const { hiddenSize } = this.options;
    return states.map((state, i) => {
      if (state == null) return zeros([this.stackSize, batch, hiddenSize]) as Tensor3D;
      const name = this.stateNames[i] as string;
      checkTensor(where, name, state);
      const expected = unbatched ? [this.stackSize, hiddenSize] : [this.stackSize, batch, hiddenSize];
      checkStateShape(where, name, state.shape, expected);
      return reshape(state, [this.stackSize, batch, hiddenSize]) as Tensor3D;
    });
  }

  /** The states an `apply` call starts from: given batch-leading ones, else those of a stateful layer, else zeros. */
  private initialStates(
    where: string,
    given: readonly Tensor[],
    batch: number,
  ): readonly Tensor3D[] | undefined {
    if (given.length > 0) return given.map(swapBatch);
    const held = this.stateful ? this.store.states : undefined;
    const size = held?.[0]?.shape[1] ?? (this.stateful ? this.batchInputShape?.[0] : undefined) ?? batch;
    if (size !== batch) {
      const remedy =
        'A stateful layer carries one state per row: call resetStates() before changing the batch size';
      throw new RangeError(
        message(where, 'x', `batch size ${size}, as in the call before`, String(batch), remedy),
      );
    }
    return held as readonly Tensor3D[] | undefined;
  }

  private checkStateCount(where: string, count: number): void {
    const names = this.stateNames;
    if (count === names.length) return;
    const rule = `[x, ${names.join(', ')}]`;
    throw new RangeError(message(where, 'inputs', rule, `${count + 1} tensors`));
  }

  private resolveLengths(
    where: string,
    lengths: Lengths | null | undefined,
    mask: Mask,
    x: Tensor3D,
    batch: number,
    steps: number,
  ): Tensor1D | undefined {
    if (lengths != null) return toLengths(where, lengths, batch, steps);
    return this.options.batchFirst && maskFits(mask, x) ? lengthsFromMask(where, mask) : undefined;
  }

  /** One op call for the whole stack, or one per layer where dropout acts between them. */
  private runLayers(
    x: Tensor3D,
    initialStates: readonly Tensor3D[] | undefined,
    lengths: Tensor1D | undefined,
    training: boolean,
  ): StackOutputs {
    const { dropout, numLayers, batchFirst, bidirectional, hiddenSize, implementation } = this.options;
    const attrs: StackAttrs = { batchFirst, bidirectional, hiddenSize };
    const inputs: StackInputs = { x, initialStates, weights: directionWeights(this.parameters), lengths };
    const run = (stack: StackInputs) => this.runOp(stack, attrs, implementation);
    const drops = training && dropout > 0 && numLayers > 1;
    return drops ? runWithDropout(run, inputs, this.numDirections, dropout) : run(inputs);
  }

  /** The last layer's final hidden state of all directions, `[B, D*H]`, from `hn` `[L*D, B, H]`. */
  private lastHidden(hn: Tensor3D): Tensor2D {
    const d = this.numDirections;
    const last = swapBatch(slice(hn, [this.stackSize - d, 0, 0], [d, -1, -1]));
    return reshape(last, [last.shape[0], d * this.hiddenSize]);
  }

  /** Builds an unbuilt layer for inputs of `inputSize` features. */
  ensureBuilt(inputSize: number): void {
    if (this.built) return;
    buildLayer(this, this.name, [null, null, inputSize]);
    if (this.initialWeights) this.setWeights(this.initialWeights);
  }

  /**
   * Forgets the states of a stateful layer, or sets them.
   * @param states batch-leading `[B, L*D, H]`, one per state of the cell; copied, the caller keeps its own.
   */
  override resetStates(states?: Tensor | Tensor[]): void {
    const where = `${this.where}.resetStates`;
    if (!this.stateful) throw new RangeError(message(where, 'stateful', 'true', 'false'));
    if (states === undefined) {
      this.store.clear();
      return;
    }
    const list = toList(states);
    this.checkStateCount(where, list.length);
    for (const [i, state] of list.entries()) {
      const name = this.stateNames[i] as string;
      checkTensor(where, name, state);
      checkStateShape(where, name, state.shape, [null, this.stackSize, this.hiddenSize]);
    }
    tidy(() => this.store.set(list.map(swapBatch)));
  }

  /** tfjs calls this unbound, and adds `customObjects` to the config. */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const { customObjects: _, ...args } = config;
    return new cls(args);
  }

  override getConfig(): serialization.ConfigDict {
    const { implementation: _, seed, inputSize: __, ...options } = this.options;
    const optional = {
      ...(seed === undefined ? {} : { seed }),
      ...(this.inputSize === undefined ? {} : { inputSize: this.inputSize }),
    };
    return { ...super.getConfig(), ...options, ...optional };
  }

  override dispose(): ReturnType<layers.Layer['dispose']> {
    const result = super.dispose();
    if (result.refCountAfterDispose === 0) this.store.clear();
    return result;
  }

  /** L*D, the first dimension of `hn`. */
  private get stackSize(): number {
    return this.options.numLayers * this.numDirections;
  }

  private batchAndSteps(shape: Shape): [Shape[number], Shape[number]] {
    return this.options.batchFirst ? [shape[0], shape[1]] : [shape[1], shape[0]];
  }

  private checkSequence(where: string, shape: readonly (number | null)[], allowUnbatched: boolean): void {
    checkSequenceShape(where, shape, {
      inputSize: this.inputSize,
      batchFirst: this.options.batchFirst,
      allowUnbatched,
    });
  }

  /** The shapes of `x` and the batch-leading states from what tf.layers passes: one shape, or a list of shapes. */
  private checkShapes(where: string, inputShape: Shape | Shape[]): [Shape, ...Shape[]] {
    const isList = inputShape.some((entry) => Array.isArray(entry));
    const [x, ...states] = (isList ? inputShape : [inputShape]) as [Shape, ...Shape[]];
    this.checkSequence(where, x, false);
    if (states.length > 0) this.checkStateCount(where, states.length);
    const expected = [this.batchAndSteps(x)[0] ?? null, this.stackSize, this.hiddenSize];
    for (const [i, state] of states.entries())
      checkStateShape(where, this.stateNames[i] as string, state, expected);
    return [x, ...states];
  }
}
