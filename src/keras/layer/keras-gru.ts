import {
  cast,
  concat,
  dropout as dropoutOp,
  reshape,
  reverse,
  serialization,
  slice,
  stack,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  tidy,
} from '@tensorflow/tfjs-core';
import { layers, regularizers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, message, showShape } from '../../check.js';
import type { StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import { construct, toConfig } from '../../layers/config.js';
import { type Mask, maskFits, sequenceMask } from '../../layers/masks/graph.js';
import { OwnMask } from '../../layers/masks/own-mask.js';
import { checkApplyOptions, type RecurrentCallArgs } from '../../layers/recurrent/call-args.js';
import { StateStore } from '../../layers/recurrent/state-store.js';
import { LayerParameters, torchInitializer } from '../../layers/weights/module-weights.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runRecurrent } from '../../ops/recurrent.js';
import { checkSequenceShape, checkTensor } from '../../ops/validate.js';
import { CELLS, stackParameters } from '../../torch/cells.js';
import { type KerasGRUArgs, type KerasGRUOptions, parseKerasGRUArgs } from './args.js';
import { kerasOutputs } from './outputs.js';
import { PresentSteps } from './present-steps.js';

type Inputs = Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[];
type CallArgs = Pick<RecurrentCallArgs, 'training' | 'mask'>;
type InternalCallArgs = CallArgs & { ownMask?: Mask };

const WHERE = 'KerasGRU';

function toList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

/**
 * What `keras.layers.GRU(reset_after=True)` and a Bidirectional around one become: torch's GRU with Keras's call.
 *
 * The equations are those of `torch.nn.GRU`, and the weights have its names, layout and gate order (`weight_ih_l0`
 * `[3H, I]`, `bias_hh_l0_reverse` `[3H]`, rows r | z | n), so that one op serves both. The rest is Keras's:
 *
 * - `x` is `[B, T, I]`; initial states follow it as inputs and final states the output, each `[B, H]`;
 * - `goBackwards` reads the sequence from its end and leaves the output in that order;
 * - a mask may have holes, padding in front and empty rows, see `MaskRule`. Masked steps are not read;
 * - `mergeMode` makes one output of two directions, both in the order of the input;
 * - `dropout` zeroes inputs, the same ones at every step and each direction its own.
 *
 * One layer does for Bidirectional: in `tf.layers.bidirectional` the two would be told apart from a mask that tfjs left
 * over only by their place in a graph that they are not in.
 *
 * @see https://keras.io/api/layers/recurrent_layers/gru/
 */
export class KerasGRU extends layers.Layer {
  /** The name in saved models. */
  static readonly className: string = 'TorchKerasGRU';

  private readonly options: KerasGRUOptions;
  private readonly attrs: StackAttrs;
  private readonly ownMask = new OwnMask(this);
  private readonly store = new StateStore();
  private readonly parameters = new LayerParameters();
  private resolvedInputSize: number | undefined;

  constructor(args: KerasGRUArgs) {
    const options = parseKerasGRUArgs(WHERE, args);
    super(args);
    this.options = options;
    const { bidirectional, hiddenSize } = options;
    this.attrs = { batchFirst: true, bidirectional, hiddenSize, projSize: 0 };
    this.resolvedInputSize = options.inputSize;
    this.supportsMasking = true;
    this._stateful = options.stateful;
  }

  /** I, undefined until it was given or read off the first input. */
  get inputSize(): number | undefined {
    return this.resolvedInputSize;
  }

  /** D, 1 or 2. */
  get numDirections(): number {
    return this.options.bidirectional ? 2 : 1;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  torchShapes(inputSize: number): Map<string, number[]> {
    return stackParameters(CELLS.GRU.gates, inputSize, { ...this.options, numLayers: 1, projSize: 0 });
  }

  override build(inputShape: Shape | Shape[]): void {
    const [x] = this.checkInputs(WHERE, inputShape);
    const inputSize = x[2];
    if (inputSize == null)
      throw new RangeError(message(WHERE, 'x', 'a known last dimension (inputSize)', showShape(x)));
    for (const [name, shape] of this.torchShapes(inputSize)) {
      const initializer = torchInitializer(name, this.options.hiddenSize, this.options.seed);
      const regularizer = this.regularizerOf(name);
      this.parameters.set(name, this.addWeight(name, shape, 'float32', initializer, regularizer, true));
    }
    this.resolvedInputSize = inputSize;
    super.build(inputShape);
  }

  /** A sum over elements, so that it does not matter that Keras's weights lie otherwise. */
  private regularizerOf(name: string) {
    const { kernelRegularizer, recurrentRegularizer, biasRegularizer } = this.options;
    const own = name.startsWith('bias')
      ? biasRegularizer
      : name.startsWith('weight_ih')
        ? kernelRegularizer
        : recurrentRegularizer;
    return own && regularizers.l1l2({ ...own });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [x] = this.checkInputs(`${WHERE}.apply`, inputShape);
    this.ownMask.noteShapeAsked();
    const { hiddenSize, returnSequences, returnState, mergeMode } = this.options;
    const [batch, steps] = x as [number, number];
    const isDoubled = this.options.bidirectional && mergeMode === 'concat';
    const columns = isDoubled ? 2 * hiddenSize : hiddenSize;
    const output: Shape = returnSequences ? [batch, steps, columns] : [batch, columns];
    const outputs = Array.from({ length: this.numOutputs }, () => output);
    if (returnState) outputs.push(...this.directions().map((): Shape => [batch, hiddenSize]));
    return outputs.length === 1 ? output : outputs;
  }

  /** How many outputs go before the final states. */
  private get numOutputs(): number {
    return this.options.bidirectional && this.options.mergeMode === 'none' ? 2 : 1;
  }

  private directions(): number[] {
    return Array.from({ length: this.numDirections }, (_, direction) => direction);
  }

  /** Hands the mask of a sequence on with the sequence; final states have none. */
  override computeMask(inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor | Tensor[] {
    const { returnSequences, returnState } = this.options;
    const given = this.ownMask.confirm(`${WHERE}.apply`, mask);
    const fits = returnSequences && maskFits(given, toList(inputs)[0] as Tensor);
    // tfjs declares masks non-null and treats null as "none".
    const none = null as unknown as Tensor;
    const masks = Array.from({ length: this.numOutputs }, () => (fits ? given : none));
    if (returnState) masks.push(...this.directions().map(() => none));
    return masks.length === 1 ? (masks[0] as Tensor) : masks;
  }

  /**
   * tf.layers' call, eager or symbolic: `apply(x)`, `apply([x, h])`, for two directions `apply([x, h, hReverse])`; eagerly
   * also `apply(x, { mask, training })`. Eager outputs belong to the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(
    inputs: Inputs,
    kwargs?: CallArgs | null,
  ): Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[] {
    const where = `${WHERE}.apply`;
    const args = kwargs ?? {};
    const [first] = toList<unknown>(inputs);
    if (first instanceof SymbolicTensor) return this.applySymbolic(where, inputs as SymbolicTensor[], args);
    const tensors = inputs as Tensor | Tensor[];
    // In a model the options may hold what tfjs's layers leave in them, such as an initialState.
    if (!this.ownMask.isByExecutor(tensors)) {
      const names = this.directions().map((direction) => this.stateName(direction));
      checkApplyOptions(where, args, names, ['training', 'mask']);
    }
    for (const [i, input] of toList(tensors).entries())
      checkTensor(where, i === 0 ? 'x' : this.stateName(i - 1), input);
    const { training } = args;
    if (training != null) checkBoolean(where, 'training', training);
    const ignores = this.options.maskRule === 'ignore';
    const ownMask = ignores ? undefined : this.ownMask.choose(where, tensors, args.mask);
    if (!this.built) tidy(() => void this.prepareCall(where, toList(tensors), ownMask));
    return super.apply(inputs, { training, ownMask });
  }

  private applySymbolic(where: string, inputs: SymbolicTensor | SymbolicTensor[], args: CallArgs) {
    for (const input of toList(inputs))
      if (input.dtype !== 'float32')
        throw new TypeError(message(where, input.name, 'dtype float32', input.dtype));
    return this.ownMask.whileSymbolic(() => super.apply(inputs, args));
  }

  override call(inputs: Tensor | Tensor[], kwargs: InternalCallArgs = {}): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const call = this.prepareCall(`${WHERE}.apply`, toList(inputs), kwargs.ownMask);
      const turned = this.options.goBackwards ? reverse(call.x, 1) : call.x;
      const mask = call.mask && (this.options.goBackwards ? reverseMask(call.mask) : call.mask);
      const steps = mask && new PresentSteps(mask);
      const x = steps ? steps.toFront(turned) : turned;
      const result = this.run(
        { x, initialStates: call.initialStates, lengths: steps?.lengths },
        kwargs.training ?? false,
      );
      if (this.stateful) this.store.set(result.finalStates);
      const outputs = kerasOutputs(result, steps, this.options);
      return outputs.length === 1 ? (outputs[0] as Tensor) : outputs;
    });
  }

  private run(inputs: Omit<StackInputs, 'weights'>, training: boolean): StackOutputs {
    const { hiddenSize, implementation, dropout } = this.options;
    const weights = this.parameters.read();
    const runOn = (x: Tensor3D) => runRecurrent('GRU', { ...inputs, x, weights }, this.attrs, implementation);
    if (!training || dropout === 0) return runOn(inputs.x);
    const [batch, , inputSize] = inputs.x.shape;
    const drop = () => dropoutOp(inputs.x, dropout, [batch, 1, inputSize]) as Tensor3D;
    const runs = this.directions().map(() => runOn(drop()));
    return runs.length === 1 ? (runs[0] as StackOutputs) : joinDirections(runs, hiddenSize);
  }

  /** Everything that `call` can refuse, before the layer is built: a call that throws leaves it unbuilt. */
  private prepareCall(where: string, inputs: readonly Tensor[], mask: Mask) {
    const [x, ...given] = inputs as [Tensor3D, ...Tensor[]];
    checkImplementation(WHERE, this.options.implementation);
    this.checkInputs(
      where,
      inputs.map(({ shape }) => shape),
    );
    const isMasked = maskFits(mask, x) && x.shape[0] > 0;
    return {
      x,
      initialStates: this.initialStates(where, given, x.shape[0]),
      mask: isMasked ? sequenceMask(mask, x) : undefined,
    };
  }

  /** The states a call starts from, `[D, B, H]`: given ones, else those of a stateful layer, else zeros. */
  private initialStates(where: string, given: readonly Tensor[], batch: number): Tensor3D[] | undefined {
    if (given.length > 0) return [stackStates(given)];
    if (!this.stateful) return undefined;
    const held = this.store.states as Tensor3D[] | undefined;
    const size = this.batchInputShape?.[0] ?? held?.[0]?.shape[1] ?? batch;
    if (size === batch) return held;
    const why =
      'A stateful layer carries one state per row. Call resetStates() before changing the batch size';
    throw new RangeError(message(where, 'x', `batch size ${size}, as before`, String(batch), why));
  }

  /** The shapes of x and the initial states from what tf.layers passes: one shape, or a list of shapes. */
  private checkInputs(where: string, inputShape: Shape | Shape[]): [Shape, ...Shape[]] {
    const isList = inputShape.some((entry) => Array.isArray(entry));
    const [x, ...states] = (isList ? inputShape : [inputShape]) as [Shape, ...Shape[]];
    checkSequenceShape(where, x, { inputSize: this.inputSize, batchFirst: true, allowUnbatched: false });
    if (states.length > 0) this.checkStates(where, states, x[0] ?? null);
    return [x, ...states];
  }

  private checkStates(where: string, states: readonly Shape[], batch: number | null): void {
    if (states.length !== this.numDirections) {
      const names = this.directions().map((direction) => this.stateName(direction));
      const rule = `[x, ${names.join(', ')}]`;
      throw new RangeError(message(where, 'inputs', rule, `${states.length + 1} tensors`));
    }
    const expected = [batch, this.options.hiddenSize];
    const fits = (size: number | null, i: number) =>
      size === null || expected[i] === null || size === expected[i];
    for (const [i, state] of states.entries())
      if (state.length !== 2 || !state.every(fits))
        throw new RangeError(
          message(where, this.stateName(i), `shape ${showShape(expected)}`, showShape(state)),
        );
  }

  private stateName(direction: number): string {
    return direction === 1 ? 'hReverse' : 'h';
  }

  /**
   * Forgets the states of a stateful layer, or sets them.
   * @param states one `[B, H]` for each direction; copied, the caller keeps its own.
   */
  override resetStates(states?: Tensor | Tensor[]): void {
    const where = `${WHERE}.resetStates`;
    this.assertNotDisposed();
    if (!this.stateful) throw new RangeError(message(where, 'stateful', 'true', 'false'));
    if (states === undefined) {
      this.store.clear();
      return;
    }
    const list = toList(states);
    for (const [i, state] of list.entries()) checkTensor(where, this.stateName(i), state);
    const batch = this.batchInputShape?.[0] ?? list[0]?.shape[0] ?? null;
    this.checkStates(
      where,
      list.map(({ shape }) => shape),
      batch,
    );
    tidy(() => this.store.set([stackStates(list)]));
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

  override dispose(): ReturnType<layers.Layer['dispose']> {
    if (!this.built) this.store.clear();
    const result = super.dispose();
    if (result.refCountAfterDispose === 0) this.store.clear();
    return result;
  }
}

/** Not as bool: the wasm backend's Reverse (tfjs 4.22) takes every element for 4 bytes, and writes past the end. */
function reverseMask(mask: Tensor2D): Tensor2D {
  return cast(reverse(cast(mask, 'int32'), 1), 'bool');
}

/** D states `[B, H]` as `[D, B, H]`. */
function stackStates(states: readonly Tensor[]): Tensor3D {
  const [first] = states as [Tensor];
  return states.length === 1
    ? reshape(first, [1, ...(first.shape as [number, number])])
    : (stack([...states]) as Tensor3D);
}

/** The forward direction of the first of two runs and the reverse one of the second. */
function joinDirections(runs: readonly StackOutputs[], hiddenSize: number): StackOutputs {
  const halves = runs.map(({ output }, direction) => {
    const [batch, steps] = output.shape;
    return slice(output, [0, 0, direction * hiddenSize], [batch, steps, hiddenSize]);
  });
  const states = runs.map(({ finalStates: [hn] }, direction) => slice(hn as Tensor3D, direction, 1));
  return { output: concat(halves, 2), finalStates: [concat(states, 0)] };
}

serialization.registerClass(KerasGRU);
