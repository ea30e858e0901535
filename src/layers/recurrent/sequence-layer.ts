/** What the layers over sequences share: the calls of tf.layers, weights, masks, and the states of a stateful layer. */

import {
  type serialization,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tidy,
} from '@tensorflow/tfjs-core';
import {
  type LayerVariable,
  layers,
  type regularizers,
  type Shape,
  SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { checkBoolean, checkKeys, message } from '../../check.js';
import type { DirectionWeights, StackAttrs } from '../../kernels/contract.js';
import { checkImplementation } from '../../ops/implementation.js';
import { checkSequenceShape, checkTensor } from '../../ops/validate.js';
import type { ModuleArgs, ModuleOptions } from '../args/module-args.js';
import { construct, toConfig } from '../config.js';
import { maskFits, sequenceMask } from '../masks/mask.js';
import { OwnMask } from '../masks/own-mask.js';
import { type LayerTensors, toList, toShapes } from '../one-or-many.js';
import { ModuleWeights } from '../weights/module-weights.js';
import {
  checkApplyOptions,
  checkSymbolicInputs,
  lengthsRemedy,
  type RecurrentCallArgs,
} from './call-args.js';
import { RepeatedCalls } from './repeated-calls.js';
import { checkRows, type ResetOptions, unknownBatch } from './states/reset-rows.js';
import { StateStore } from './states/state-store.js';
import { checkSymbolicSequence } from './symbolic-input.js';

/** The tensors of one call, checked: those of the op, but for the weights, and the mask where it is no lengths. */
export interface PreparedCall {
  readonly x: Tensor3D;
  readonly initialStates: readonly Tensor3D[] | undefined;
  readonly lengths?: Tensor1D | undefined;
  /** Bool `[B, T]`. */
  readonly mask?: Tensor2D | undefined;
}

interface SequenceOptions extends ModuleOptions {
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly stateful: boolean;
}

/** A layer of tf.layers with torch's weights. A subclass says how its states lie and what it computes. */
export abstract class SequenceLayer<Options extends SequenceOptions> extends layers.Layer {
  private readonly ownMask = new OwnMask(this);
  protected readonly store = new StateStore();
  private readonly repeatedCalls = new RepeatedCalls();
  private isRepeated = false;
  private moduleWeights: ModuleWeights | undefined;

  protected constructor(
    /** The class's name in messages. */
    protected readonly where: string,
    args: ModuleArgs,
    protected readonly options: Options,
    protected readonly attrs: StackAttrs,
    /** The names of the initial states. */
    protected readonly stateNames: readonly string[],
  ) {
    super(args);
    this.supportsMasking = true;
    this._stateful = options.stateful;
  }

  /** I; undefined until it is given or read off the first input. */
  get inputSize(): number | undefined {
    return this.moduleWeights?.inputSize ?? this.options.inputSize;
  }

  /** Whether `apply` returns every step. */
  get returnSequences(): boolean {
    return this.options.returnSequences;
  }

  /** torch's parameter names and shapes for an input size, in the order of `state_dict()`. */
  abstract torchShapes(inputSize: number): Map<string, number[]>;

  /** The weights under torch's names, in the order of `state_dict()`; empty before the layer is built. */
  get torchWeights(): ReadonlyMap<string, LayerVariable> {
    return this.moduleWeights?.byName ?? new Map();
  }

  /** The shapes of the outputs, then with `returnState` those of the final states. */
  protected abstract outputShapes(x: Shape): Shape[];

  /** Checks states as `apply` and `resetStates` take them; `batch` is null where any B will do that they share. */
  protected abstract checkStates(where: string, states: readonly Shape[], batch: number | null): void;

  /** Such states as the op takes them, `[L*D, B, H or P]`. Call inside `tidy`. */
  protected abstract toStack(states: readonly Tensor[]): readonly Tensor3D[];

  /** The reverse of `toStack`, in new tensors. Call inside `tidy`. */
  protected abstract fromStack(states: readonly Tensor3D[]): Tensor[];

  /** States of zeros as the op takes them. Call inside `tidy`. */
  protected abstract zeroStack(batch: number): Tensor3D[];

  /** The steps that a call of `apply` reads; all where it is empty. Call inside `tidy`. */
  protected abstract stepsRead(
    where: string,
    inputs: Tensor | Tensor[],
    args: RecurrentCallArgs,
  ): Pick<PreparedCall, 'lengths' | 'mask'>;

  /** The outputs of a call, then with `returnState` the final states. Call inside `tidy`. */
  protected abstract outputsOf(call: PreparedCall, training: boolean): Tensor[];

  /** Creates the weights, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises them. */
  override build(inputShape: Shape | Shape[]): void {
    const [x, ...states] = toShapes(inputShape);
    this.checkInputs(this.where, x, states);
    this.moduleWeights = ModuleWeights.create(this.where, this, this.options, x, (name, shape, initializer) =>
      this.addWeight(name, shape, 'float32', initializer, this.regularizerOf(name)),
    );
    super.build(inputShape);
  }

  protected regularizerOf(_name: string): ReturnType<typeof regularizers.l1l2> | undefined {
    return undefined;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [x, ...states] = toShapes(inputShape);
    this.checkInputs(`${this.where}.apply`, x, states);
    const shapes = this.outputShapes(x);
    return shapes.length === 1 ? (shapes[0] as Shape) : shapes;
  }

  /** Passes on the mask of a sequence with the sequence; final states have none. */
  override computeMask(inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor | Tensor[] {
    const given = this.ownMask.confirm(`${this.where}.apply`, mask);
    const [x] = toList(inputs) as [Tensor];
    const fits = this.attrs.batchFirst && this.options.returnSequences && maskFits(given, x.shape);
    // tfjs declares masks non-null and treats null as "none".
    const none = null as unknown as Tensor;
    const own = fits ? sequenceMask(given) : none;
    // tfjs asks after every call.
    if (this.numOutputs === 1 && !this.options.returnState) return own;
    const masks = new Array<Tensor>(this.numOutputs).fill(own);
    return this.options.returnState ? [...masks, ...this.stateNames.map(() => none)] : masks;
  }

  /** The number of outputs before the final states. */
  protected get numOutputs(): number {
    return 1;
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
    if (toList<unknown>(inputs)[0] instanceof SymbolicTensor) return this.applySymbolic(where, inputs, args);
    const graphCall = this.ownMask.begin();
    // In a model the options may hold what other layers of tfjs leave in them, such as an initialState.
    if (!graphCall) checkApplyOptions(where, args, this.stateNames, this.applyOptions);
    const tensors = inputs as Tensor | Tensor[];
    this.isRepeated = graphCall !== undefined && this.repeatedCalls.isRepeated(graphCall, toList(tensors));
    for (const [i, input] of toList(tensors).entries())
      checkTensor(where, i === 0 ? 'x' : (this.stateNames[i - 1] ?? `inputs[${i}]`), input);
    if (args.training != null) checkBoolean(where, 'training', args.training);
    return tidy(() => {
      // Checked before tfjs builds the layer: a call that throws leaves it unbuilt.
      const prepared = this.prepareCall(where, tensors, args);
      return super.apply(inputs, { ...args, prepared }) as Tensor | Tensor[];
    });
  }

  private applySymbolic(where: string, inputs: LayerTensors, args: RecurrentCallArgs): LayerTensors {
    checkApplyOptions(where, args, this.stateNames, this.applyOptions);
    this.checkSymbolic(where, args);
    const list = toList<unknown>(inputs);
    checkSymbolicInputs(where, list);
    checkSymbolicSequence(where, list[0] as SymbolicTensor);
    const outputs = super.apply(inputs, args);
    this.ownMask.enterGraph(outputs);
    return outputs;
  }

  /** The options that `apply` takes. */
  protected readonly applyOptions: readonly string[] = ['lengths', 'training', 'mask'];

  /** Checks what is allowed in eager calls alone. */
  protected checkSymbolic(_where: string, _args: RecurrentCallArgs): void {}

  override call(
    inputs: Tensor | Tensor[],
    kwargs: RecurrentCallArgs & { prepared?: PreparedCall } = {},
  ): Tensor | Tensor[] {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      // A wrapper such as timeDistributed calls this directly, with a mask that is not the layer's.
      const { lengths, training = false } = kwargs;
      const prepared = kwargs.prepared ?? this.prepareCall(`${this.where}.apply`, inputs, { lengths });
      const outputs = this.outputsOf(prepared, training);
      return outputs.length === 1 ? (outputs[0] as Tensor) : outputs;
    });
  }

  /** Checks the inputs of `call`, before the layer is built. */
  private prepareCall(where: string, inputs: Tensor | Tensor[], args: RecurrentCallArgs): PreparedCall {
    const [x, ...given] = toList(inputs) as [Tensor3D, ...Tensor[]];
    checkImplementation(this.where, this.options.implementation);
    this.checkInputs(
      where,
      x.shape,
      given.map(({ shape }) => shape),
    );
    const initialStates = this.initialStates(where, given, this.batchOf(x.shape) as number);
    const { lengths, mask } = this.stepsRead(where, inputs, args);
    return { x, initialStates, lengths, mask };
  }

  /** The states that a call of `apply` starts from: the given ones, else those of a stateful layer, else zeros. */
  private initialStates(where: string, given: readonly Tensor[], batch: number) {
    const isGiven = given.length > 0;
    if (this.stateful) this.store.checkBatch(where, batch, this.batchInputShape?.[0] ?? undefined, !isGiven);
    if (isGiven) return this.toStack(given);
    if (!this.stateful) return undefined;
    return this.isRepeated ? this.store.statesBefore : this.store.states;
  }

  /** Carries the final states of a call to the next one, if the layer is stateful. */
  protected carry(finalStates: readonly Tensor3D[]): void {
    if (this.stateful && !this.isRepeated) this.store.set(finalStates, this.options.returnState);
  }

  /** The mask of an eager call, if it belongs to the layer. */
  protected maskOf(
    where: string,
    inputs: Tensor | Tensor[],
    given: RecurrentCallArgs['mask'],
  ): Tensor2D | undefined {
    const [{ shape }] = toList(inputs) as [Tensor];
    const [batch, steps] = this.attrs.batchFirst ? shape : [shape[1], shape[0]];
    const mask = this.ownMask.choose(where, given, [batch as number, steps as number]);
    return mask && batch ? sequenceMask(mask) : undefined;
  }

  /** Checks the shapes of x and of the states behind it. */
  private checkInputs(where: string, x: Shape, states: readonly Shape[]): void {
    this.checkSequence(where, x, false);
    if (states.length === 0) return;
    if (states.length !== this.stateNames.length) {
      const remedy = lengthsRemedy(states[0] as Shape);
      throw wrongCount(where, 'inputs', 1 + states.length, ['x', ...this.stateNames], remedy);
    }
    this.checkStates(where, states, this.batchOf(x) ?? null);
  }

  protected checkSequence(where: string, shape: Shape, allowUnbatched: boolean): void {
    const { batchFirst } = this.attrs;
    checkSequenceShape(where, shape, { inputSize: this.inputSize, batchFirst, allowUnbatched });
  }

  /** B of a batched sequence; null where a symbolic shape leaves it unknown. */
  protected batchOf(shape: Shape): Shape[number] {
    return shape[this.attrs.batchFirst ? 0 : 1];
  }

  /**
   * The states that a stateful layer carries to its next call, batch-leading as in `apply`, one per state of the cell.
   * @returns copies, which the caller disposes; undefined before the first call and after `resetStates()`, where the next call
   * starts from zeros.
   * @throws RangeError for a layer that is not stateful.
   */
  getStates(): Tensor[] | undefined {
    this.checkStateful(`${this.where}.getStates`);
    const { states } = this.store;
    return states && tidy(() => this.fromStack(states));
  }

  /**
   * Forgets the states of a stateful layer, or sets them; with `rows` those of some rows of the batch alone, such as the
   * environments of which an episode has ended. The next call starts a forgotten row from zeros.
   * @param states batch-leading as in `apply`, one per state of the cell; copied, the caller keeps its own.
   * @param options `rows`: indices into the batch, in the order of the rows of `states`.
   * @throws RangeError or TypeError naming the argument; RangeError for a layer that is not stateful.
   */
  override resetStates(states?: Tensor | Tensor[], options: ResetOptions = {}): void {
    const where = `${this.where}.resetStates`;
    this.checkStateful(where);
    checkKeys(where, options, ['rows']);
    const fixed = this.batchInputShape?.[0] ?? undefined;
    const batch = this.store.states?.[0]?.shape[1] ?? fixed;
    const rows = checkRows(where, options.rows, batch);
    const given =
      states === undefined ? undefined : this.checkGivenStates(where, states, rows?.length ?? fixed);
    if (rows?.length === 0) return;
    tidy(() => {
      if (rows === undefined) {
        if (given) this.store.set(this.toStack(given));
        else this.store.clear();
      } else if (batch !== undefined) {
        const next = given ? this.toStack(given) : this.zeroStack(rows.length);
        this.store.setRows(rows, next, this.zeroStack(batch));
      } else if (given) throw unknownBatch(where);
    });
  }

  private checkStateful(where: string): void {
    this.assertNotDisposed();
    if (!this.stateful) throw new RangeError(message(where, 'stateful', 'true', 'false'));
  }

  private checkGivenStates(where: string, states: Tensor | Tensor[], batch: number | undefined): Tensor[] {
    const given = toList(states);
    for (const [i, state] of given.entries()) checkTensor(where, this.stateNames[i] ?? `states[${i}]`, state);
    if (given.length !== this.stateNames.length)
      throw wrongCount(where, 'states', given.length, this.stateNames);
    const shapes = given.map(({ shape }) => shape);
    this.checkStates(where, shapes, batch ?? null);
    return given;
  }

  /** The live weights of a built layer, as the op takes them. */
  protected readWeights(): DirectionWeights[] {
    return (this.moduleWeights as ModuleWeights).read();
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...toConfig({ ...this.options, inputSize: this.inputSize }) };
  }

  override dispose(): ReturnType<layers.Layer['dispose']> {
    return this.store.clearWith(this.built, () => super.dispose());
  }
}

function wrongCount(
  where: string,
  what: string,
  count: number,
  names: readonly string[],
  remedy?: string,
): RangeError {
  const got = `${count} ${count === 1 ? 'tensor' : 'tensors'}`;
  return new RangeError(message(where, what, `[${names.join(', ')}]`, got, remedy));
}
