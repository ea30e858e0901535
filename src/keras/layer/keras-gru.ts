import {
  cast,
  reshape,
  reverse,
  serialization,
  stack,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  tidy,
} from '@tensorflow/tfjs-core';
import {
  type LayerVariable,
  layers,
  regularizers,
  type Shape,
  SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { checkBoolean, message, showShape } from '../../check.js';
import type { StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import { construct, toConfig } from '../../layers/config.js';
import { maskFits, sequenceMask } from '../../layers/masks/mask.js';
import { OwnMask } from '../../layers/masks/own-mask.js';
import { type LayerTensors, toList, toShapes } from '../../layers/one-or-many.js';
import {
  checkApplyOptions,
  checkSymbolicInputs,
  type RecurrentCallArgs,
} from '../../layers/recurrent/call-args.js';
import { StateStore } from '../../layers/recurrent/state-store.js';
import { ModuleWeights } from '../../layers/weights/module-weights.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runRecurrent } from '../../ops/recurrent.js';
import { checkSequenceShape, checkTensor } from '../../ops/validate.js';
import { CELLS, stackParameters } from '../../torch/cells.js';
import { type KerasGRUArgs, type KerasGRUOptions, parseKerasGRUArgs } from './args.js';
import { runWithInputDropout } from './input-dropout.js';
import { kerasOutputs } from './outputs.js';
import { PresentSteps } from './present-steps.js';

type CallArgs = Pick<RecurrentCallArgs, 'training' | 'mask'>;

/** The tensors of one call, checked. */
interface PreparedCall {
  readonly x: Tensor3D;
  /** `[D, B, H]`. */
  readonly initialStates: readonly Tensor3D[] | undefined;
  readonly mask: Tensor2D | undefined;
}

const WHERE = 'KerasGRU';

/**
 * The layer that replaces `keras.layers.GRU(reset_after=True)`, or a Bidirectional around one: torch's GRU with the call of
 * Keras.
 *
 * The equations are those of `torch.nn.GRU`, and the weights have its names, layout and gate order (`weight_ih_l0`
 * `[3H, I]`, `bias_hh_l0_reverse` `[3H]`, rows r | z | n), so that one op serves both. The rest is Keras's:
 *
 * - `x` is `[B, T, I]`; initial states follow it as inputs, and final states follow the output, each `[B, H]`;
 * - `goBackwards` reads the sequence from its end and returns the output in that order;
 * - a mask may have holes, padding in front and empty rows, see `MaskRule`. Masked steps are not read;
 * - `mergeMode` makes one output of two directions, both in the order of the input;
 * - `dropout` zeroes inputs, the same ones at every step, and others in each direction.
 *
 * Both directions are one layer, because layers inside a wrapper are not nodes of the graph: there OwnMask could not tell
 * the layer's mask from a left-over one.
 *
 * @see https://keras.io/api/layers/recurrent_layers/gru/
 */
export class KerasGRU extends layers.Layer {
  /** The name in saved models. */
  static readonly className: string = 'TorchKerasGRU';

  private readonly options: KerasGRUOptions;
  private readonly attrs: StackAttrs;
  /** h, and hReverse where there are two directions. */
  private readonly stateNames: readonly string[];
  private readonly ownMask = new OwnMask(this);
  private readonly store = new StateStore();
  private moduleWeights: ModuleWeights | undefined;

  constructor(args: KerasGRUArgs) {
    const options = parseKerasGRUArgs(WHERE, args);
    super(args);
    this.options = options;
    const { bidirectional, hiddenSize } = options;
    this.attrs = { batchFirst: true, bidirectional, hiddenSize, projSize: 0 };
    this.stateNames = bidirectional ? ['h', 'hReverse'] : ['h'];
    this.supportsMasking = true;
    this._stateful = options.stateful;
  }

  /** I; undefined until it is given or read off the first input. */
  get inputSize(): number | undefined {
    return this.moduleWeights?.inputSize ?? this.options.inputSize;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  torchShapes(inputSize: number): Map<string, number[]> {
    return stackParameters(CELLS.GRU.gates, inputSize, { ...this.options, numLayers: 1, projSize: 0 });
  }

  /** The weights under torch's names, in the order of `state_dict()`; empty before the layer is built. */
  get torchWeights(): ReadonlyMap<string, LayerVariable> {
    return this.moduleWeights?.byName ?? new Map();
  }

  override build(inputShape: Shape | Shape[]): void {
    const [x] = this.checkInputs(WHERE, toShapes(inputShape));
    this.moduleWeights = ModuleWeights.create(WHERE, this, this.options, x, (name, shape, initializer) =>
      this.addWeight(name, shape, 'float32', initializer, this.regularizerOf(name)),
    );
    super.build(inputShape);
  }

  /** A regularizer sums over elements, so the layout and order of a weight make no difference. */
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
    const [x] = this.checkInputs(`${WHERE}.apply`, toShapes(inputShape));
    this.ownMask.markNested();
    const { hiddenSize, returnSequences, returnState, mergeMode } = this.options;
    const [batch, steps] = x as [number, number];
    const isDoubled = this.options.bidirectional && mergeMode === 'concat';
    const columns = isDoubled ? 2 * hiddenSize : hiddenSize;
    const output: Shape = returnSequences ? [batch, steps, columns] : [batch, columns];
    const outputs = Array.from({ length: this.numOutputs }, () => output);
    if (returnState) outputs.push(...this.stateNames.map((): Shape => [batch, hiddenSize]));
    return outputs.length === 1 ? output : outputs;
  }

  /** The number of outputs before the final states. */
  private get numOutputs(): number {
    return this.options.bidirectional && this.options.mergeMode === 'none' ? 2 : 1;
  }

  /** Passes on the mask of a sequence with the sequence; final states have none. */
  override computeMask(inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor | Tensor[] {
    const { returnSequences, returnState } = this.options;
    const given = this.ownMask.confirm(`${WHERE}.apply`, mask);
    const fits = returnSequences && maskFits(given, toList(inputs)[0] as Tensor);
    // tfjs declares masks non-null and treats null as "none".
    const none = null as unknown as Tensor;
    const masks = Array.from({ length: this.numOutputs }, () => (fits ? given : none));
    if (returnState) masks.push(...this.stateNames.map(() => none));
    return masks.length === 1 ? (masks[0] as Tensor) : masks;
  }

  /**
   * tf.layers' call, eager or symbolic: `apply(x)`, `apply([x, h])`, with two directions `apply([x, h, hReverse])`; eagerly
   * also `apply(x, { mask, training })`. Eager outputs belong to the caller.
   * @throws RangeError, TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  override apply(inputs: LayerTensors, kwargs?: CallArgs | null): LayerTensors {
    const where = `${WHERE}.apply`;
    const args = kwargs ?? {};
    if (toList<unknown>(inputs)[0] instanceof SymbolicTensor) {
      checkSymbolicInputs(where, toList<unknown>(inputs));
      return this.ownMask.whileSymbolic(() => super.apply(inputs, args));
    }
    const tensors = inputs as Tensor | Tensor[];
    // In a model the options may hold what other layers of tfjs leave in them, such as an initialState.
    if (!this.ownMask.isByExecutor(tensors))
      checkApplyOptions(where, args, this.stateNames, ['training', 'mask']);
    for (const [i, input] of toList(tensors).entries())
      checkTensor(where, i === 0 ? 'x' : this.stateName(i - 1), input);
    const { training } = args;
    if (training != null) checkBoolean(where, 'training', training);
    return tidy(() => {
      // Checked before tfjs builds the layer: a call that throws leaves it unbuilt.
      const prepared = this.prepareCall(where, tensors, args.mask);
      return super.apply(inputs, { training, prepared }) as Tensor | Tensor[];
    });
  }

  override call(
    inputs: Tensor | Tensor[],
    kwargs: CallArgs & { prepared?: PreparedCall } = {},
  ): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      // A wrapper such as timeDistributed calls this directly, with a mask that is not the layer's.
      const call = kwargs.prepared ?? this.prepareCall(`${WHERE}.apply`, inputs, undefined);
      const { goBackwards, dropout, implementation } = this.options;
      const turned = goBackwards ? reverse(call.x, 1) : call.x;
      const mask = call.mask && goBackwards ? reverseMask(call.mask) : call.mask;
      const steps = mask && new PresentSteps(mask);
      const stackInputs: StackInputs = {
        x: steps ? steps.toFront(turned) : turned,
        initialStates: call.initialStates,
        weights: (this.moduleWeights as ModuleWeights).read(),
        lengths: steps?.lengths,
      };
      const run = (given: StackInputs, attrs: StackAttrs): StackOutputs =>
        runRecurrent('GRU', given, attrs, implementation);
      const result =
        kwargs.training && dropout > 0
          ? runWithInputDropout(run, stackInputs, this.attrs, dropout, steps)
          : run(stackInputs, this.attrs);
      if (this.stateful) this.store.set(result.finalStates);
      const outputs = kerasOutputs(result, steps, this.options);
      return outputs.length === 1 ? (outputs[0] as Tensor) : outputs;
    });
  }

  /** Checks the inputs of `call`, before the layer is built. */
  private prepareCall(where: string, inputs: Tensor | Tensor[], given: CallArgs['mask']): PreparedCall {
    const [x, ...states] = toList(inputs) as [Tensor3D, ...Tensor[]];
    checkImplementation(WHERE, this.options.implementation);
    this.checkInputs(where, [x.shape, ...states.map(({ shape }) => shape)]);
    const mask = this.options.maskRule === 'ignore' ? undefined : this.ownMask.choose(where, inputs, given);
    const isMasked = maskFits(mask, x) && x.shape[0] > 0;
    return {
      x,
      initialStates: this.initialStates(where, states, x.shape[0]),
      mask: isMasked ? sequenceMask(mask, x) : undefined,
    };
  }

  /** The states that a call starts from: the given ones, else those of a stateful layer, else zeros. */
  private initialStates(where: string, given: readonly Tensor[], batch: number) {
    const isGiven = given.length > 0;
    if (this.stateful) this.store.checkBatch(where, batch, this.batchInputShape?.[0] ?? undefined, !isGiven);
    if (isGiven) return [stackStates(given)];
    return this.stateful ? this.store.states : undefined;
  }

  /** Checks the shapes of x and the initial states. */
  private checkInputs(where: string, [x, ...states]: [Shape, ...Shape[]]): [Shape, ...Shape[]] {
    checkSequenceShape(where, x, { inputSize: this.inputSize, batchFirst: true, allowUnbatched: false });
    if (states.length > 0) this.checkStates(where, states, x[0] ?? null);
    return [x, ...states];
  }

  private checkStates(where: string, states: readonly Shape[], batch: number | null): void {
    if (states.length !== this.stateNames.length) {
      const rule = `[x, ${this.stateNames.join(', ')}]`;
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

  private stateName(index: number): string {
    return this.stateNames[index] ?? `states[${index}]`;
  }

  /**
   * Forgets the states of a stateful layer, or sets them.
   * @param states one `[B, H]` for each direction; copied, the caller keeps its own.
   * @throws RangeError or TypeError naming the argument; RangeError for a layer that is not stateful.
   */
  override resetStates(states?: Tensor | Tensor[]): void {
    const where = `${WHERE}.resetStates`;
    this.assertNotDisposed();
    this.store.reset(
      where,
      this.stateful,
      states,
      (i) => this.stateName(i),
      (given) => {
        const shapes = given.map(({ shape }) => shape);
        this.checkStates(where, shapes, this.batchInputShape?.[0] ?? shapes[0]?.[0] ?? null);
        return [stackStates(given)];
      },
    );
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...toConfig({ ...this.options, inputSize: this.inputSize }) };
  }

  override dispose(): ReturnType<layers.Layer['dispose']> {
    return this.store.clearWith(this.built, () => super.dispose());
  }
}

/** Reverses a mask as int32: the Reverse kernel of wasm (tfjs 4.22) takes a bool for 4 bytes and writes past the end. */
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

serialization.registerClass(KerasGRU);
