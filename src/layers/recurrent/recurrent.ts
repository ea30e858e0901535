/** What the recurrent layers share: torch's call, and stacks of layers with their states, lengths and dropout. */

import {
  dispose,
  engine,
  expandDims,
  reshape,
  type serialization,
  squeeze,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { StackInputs, StackOutputs } from '../../kernels/contract.js';
import { checkImplementation } from '../../ops/implementation.js';
import { runRecurrent } from '../../ops/recurrent.js';
import { runRecurrentOffThread } from '../../ops/recurrent-off-thread.js';
import { sliceRows } from '../../ops/rows.js';
import { checkTensor } from '../../ops/validate.js';
import { isOnHost } from '../../tfjs-internals/backends.js';
import { hold } from '../../tfjs-internals/data.js';
import { CELLS, type Cell, outputSize, stackParameters } from '../../torch/cells.js';
import { lengthsFromMask, toLengths } from '../masks/lengths.js';
import { toList } from '../one-or-many.js';
import { buildLayer } from '../weights/build.js';
import { parseRecurrentArgs, type RecurrentArgs, type RecurrentOptions } from './args.js';
import { checkForwardOptions, type ForwardOptions, type RecurrentCallArgs } from './call-args.js';
import { runWithDropout } from './dropout-between.js';
import { type PreparedCall, SequenceLayer } from './sequence-layer.js';
import { StateShapes } from './states/state-shapes.js';

/** `[L*D, B, H]` to `[B, L*D, H]` and back. */
function swapBatch(state: Tensor): Tensor3D {
  return transpose(state, [1, 0, 2]) as Tensor3D;
}

/** A stack of recurrent layers as torch has it, and a layer of tf.layers. A subclass adds torch's `forward`. */
export abstract class Recurrent extends SequenceLayer<RecurrentOptions> {
  private readonly shapes: StateShapes;

  protected constructor(
    private readonly cell: Cell,
    args: RecurrentArgs,
  ) {
    const options = parseRecurrentArgs(cell, args);
    const { className, states } = CELLS[cell];
    const { batchFirst, bidirectional, hiddenSize, projSize } = options;
    const attrs = { batchFirst, bidirectional, hiddenSize, projSize };
    const stateNames = states.map((state) => `${state}0`);
    super(className, args, options, attrs, stateNames);
    this.shapes = new StateShapes(options, stateNames);
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

  override torchShapes(inputSize: number): Map<string, number[]> {
    return stackParameters(CELLS[this.cell].gates, inputSize, this.options);
  }

  protected override outputShapes(x: Shape): Shape[] {
    const { returnSequences, returnState } = this.options;
    const batch = this.batchOf(x);
    const features = this.numDirections * outputSize(this.options);
    const output = (returnSequences ? [x[0], x[1], features] : [batch, features]) as Shape;
    const { stackSize, stateSizes } = this.shapes;
    const states = stateSizes.map((size): Shape => [batch ?? null, stackSize, size]);
    return returnState ? [output, ...states] : [output];
  }

  protected override checkStates(where: string, states: readonly Shape[], batch: number | null): void {
    this.shapes.checkBatchLeading(where, states, batch);
  }

  protected override toStack(states: readonly Tensor[]): Tensor3D[] {
    return states.map(swapBatch);
  }

  protected override fromStack(states: readonly Tensor3D[]): Tensor[] {
    return states.map(swapBatch);
  }

  protected override zeroStack(batch: number): Tensor3D[] {
    return this.shapes.zeroStates(batch);
  }

  protected override checkSymbolic(where: string, { lengths }: RecurrentCallArgs): void {
    if (!this.options.batchFirst) {
      const remedy =
        'tf models count samples on axis 0: use batchFirst: true and transpose around the model if need be';
      throw new RangeError(message(where, 'batchFirst', 'true inside a model', 'false', remedy));
    }
    if (lengths === undefined) return;
    const remedy =
      'Inside a model lengths travel as a mask: lengthMask().apply([x, lengths]), or tf.layers.embedding({ maskZero: true })';
    throw new TypeError(message(where, 'lengths', 'none in a symbolic call', show(lengths), remedy));
  }

  /** Lengths that are given go before a mask. */
  protected override stepsRead(where: string, inputs: Tensor | Tensor[], args: RecurrentCallArgs) {
    if (args.lengths == null) {
      const mask = this.maskOf(where, inputs, args.mask);
      return { lengths: mask && lengthsFromMask(where, mask) };
    }
    const [x] = toList(inputs) as [Tensor];
    const [batch, steps] = this.batchAndSteps(x);
    return { lengths: toLengths(where, args.lengths, batch, steps) };
  }

  protected override outputsOf(call: PreparedCall, training: boolean): Tensor[] {
    const { output, finalStates } = this.runLayers(call, training);
    this.carry(finalStates);
    const sequence = this.options.returnSequences ? output : this.lastHidden(finalStates[0] as Tensor3D);
    return this.options.returnState ? [sequence, ...finalStates.map(swapBatch)] : [sequence];
  }

  private batchAndSteps({ shape }: Tensor): [number, number] {
    return (this.options.batchFirst ? [shape[0], shape[1]] : [shape[1], shape[0]]) as [number, number];
  }

  /** torch's call, shared by the layers; see their `forward`. */
  protected runForward(x: Tensor, options: ForwardOptions): StackOutputs {
    return tidy(() => {
      const call = this.prepareForward(`${this.where}.forward`, x, options);
      const outputs = this.runLayers(call, options.training ?? false);
      return x.rank === 2 ? this.toUnbatched(outputs) : outputs;
    });
  }

  /**
   * `runForward` off the calling thread; see the layers' `forwardAsync`.
   * @throws UnsupportedError where a gradient is recorded; all else rejects the promise.
   */
  protected runForwardAsync(x: Tensor, options: ForwardOptions): Promise<StackOutputs> {
    const where = `${this.where}.forwardAsync`;
    if (engine().isTapeOn()) {
      const remedy = 'tfjs records what runs before its function returns: use forward';
      throw new UnsupportedError(
        message(where, 'gradient', 'none to be recorded', 'a call inside of one', remedy),
      );
    }
    return this.forwardOffThread(where, x, options);
  }

  private async forwardOffThread(where: string, x: Tensor, options: ForwardOptions): Promise<StackOutputs> {
    // A caller in JavaScript may pass null, which is told below.
    const lengths = (options as ForwardOptions | null)?.lengths;
    // Lengths on a GPU are read, so that they are checked.
    if (lengths instanceof Tensor && !lengths.isDisposed && !isOnHost(lengths)) {
      const held = [x, ...this.statesOf(options)].map((each) =>
        each instanceof Tensor && !each.isDisposed ? hold(each) : each,
      );
      const [heldX, ...heldStates] = held;
      const states = Object.fromEntries(this.stateNames.map((name, i) => [name, heldStates[i]]));
      try {
        const read = Array.from(await lengths.data());
        return await this.forwardOffThread(where, heldX as Tensor, { ...options, ...states, lengths: read });
      } finally {
        for (const each of held) if (each instanceof Tensor) each.dispose();
      }
    }
    const { numLayers, dropout, implementation } = this.options;
    let promised: Promise<StackOutputs> | undefined;
    tidy(() => {
      const call = this.prepareForward(where, x, options);
      const inputs = { ...call, weights: this.readWeights() };
      const { training = false } = options;
      const drops = training && dropout > 0 && numLayers > 1;
      promised = runRecurrentOffThread(this.cell, inputs, this.attrs, implementation, {
        run: (same) => this.runStack(same, training),
        reason: drops ? 'dropout between layers is made of tf ops' : undefined,
      });
    });
    const outputs = (await promised) as StackOutputs;
    if (x.rank === 3) return outputs;
    const squeezed = tidy(() => this.toUnbatched(outputs));
    dispose([outputs.output, ...outputs.finalStates]);
    return squeezed;
  }

  private statesOf(options: ForwardOptions): unknown[] {
    return this.stateNames.map((name) => (options as Readonly<Record<string, unknown>>)[name]);
  }

  /** Checks the arguments of `forward`, and builds an unbuilt layer. Call inside `tidy`. */
  private prepareForward(where: string, x: Tensor, options: ForwardOptions): PreparedCall {
    checkForwardOptions(where, options, this.stateNames);
    checkTensor(where, 'x', x);
    checkImplementation(this.where, this.options.implementation);
    this.checkSequence(where, x.shape, true);
    const unbatched = x.rank === 2;
    const batched = (unbatched ? expandDims(x, this.batchAxis) : x) as Tensor3D;
    const [batch, steps] = this.batchAndSteps(batched);
    const initialStates = this.shapes.torchStates(where, this.statesOf(options), unbatched, batch, steps);
    const lengths = this.forwardLengths(where, x, options.lengths, batch, steps);
    this.ensureBuilt(x.shape[x.rank - 1] as number);
    return { x: batched, initialStates, lengths };
  }

  private get batchAxis(): number {
    return this.options.batchFirst ? 0 : 1;
  }

  private toUnbatched({ output, finalStates }: StackOutputs): StackOutputs {
    const squeezed = {
      output: squeeze(output, [this.batchAxis]),
      finalStates: finalStates.map((state) => squeeze(state, [1])),
    };
    return squeezed as unknown as StackOutputs;
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

  /** Runs the whole stack in one call of the op, or with dropout between the layers in one call per layer. */
  private runLayers({ x, initialStates, lengths }: PreparedCall, training: boolean): StackOutputs {
    return this.runStack({ x, initialStates, lengths, weights: this.readWeights() }, training);
  }

  private runStack(inputs: StackInputs, training: boolean): StackOutputs {
    const { dropout, numLayers, implementation } = this.options;
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

  override getConfig(): serialization.ConfigDict {
    const { projSize, ...config } = super.getConfig();
    return CELLS[this.cell].canProject ? { ...config, projSize } : config;
  }
}
