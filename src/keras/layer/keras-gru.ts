import {
  cast,
  reverse,
  serialization,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  zeros,
} from '@tensorflow/tfjs-core';
import { regularizers, type Shape } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';
import type { StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import type { RecurrentCallArgs } from '../../layers/recurrent/call-args.js';
import { type PreparedCall, SequenceLayer } from '../../layers/recurrent/sequence-layer.js';
import { runRecurrent } from '../../ops/recurrent.js';
import { stackRows, unstackRows } from '../../ops/rows.js';
import { CELLS, stackParameters } from '../../torch/cells.js';
import { type KerasGRUArgs, type KerasGRUOptions, parseKerasGRUArgs } from './args.js';
import { runWithInputDropout } from './input-dropout.js';
import { kerasOutputs } from './outputs.js';
import { PresentSteps } from './present-steps.js';

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
export class KerasGRU extends SequenceLayer<KerasGRUOptions> {
  /** The name in saved models. */
  static readonly className: string = 'TorchKerasGRU';

  protected override readonly applyOptions = ['training', 'mask'];

  constructor(args: KerasGRUArgs) {
    const options = parseKerasGRUArgs(WHERE, args);
    const { bidirectional, hiddenSize } = options;
    const attrs = { batchFirst: true, bidirectional, hiddenSize, projSize: 0 };
    super(WHERE, args, options, attrs, bidirectional ? ['h', 'hReverse'] : ['h']);
  }

  override torchShapes(inputSize: number): Map<string, number[]> {
    return stackParameters(CELLS.GRU.gates, inputSize, { ...this.options, numLayers: 1, projSize: 0 });
  }

  /** A regularizer sums over elements, so the layout and order of a weight make no difference. */
  protected override regularizerOf(name: string) {
    const { kernelRegularizer, recurrentRegularizer, biasRegularizer } = this.options;
    const own = name.startsWith('bias')
      ? biasRegularizer
      : name.startsWith('weight_ih')
        ? kernelRegularizer
        : recurrentRegularizer;
    return own && regularizers.l1l2({ ...own });
  }

  protected override outputShapes(x: Shape): Shape[] {
    const { hiddenSize, returnSequences, returnState, bidirectional, mergeMode } = this.options;
    const [batch, steps] = x as [number, number];
    const columns = bidirectional && mergeMode === 'concat' ? 2 * hiddenSize : hiddenSize;
    const output: Shape = returnSequences ? [batch, steps, columns] : [batch, columns];
    const outputs = Array.from({ length: this.numOutputs }, () => output);
    if (returnState) outputs.push(...this.stateNames.map((): Shape => [batch, hiddenSize]));
    return outputs;
  }

  protected override get numOutputs(): number {
    return this.options.bidirectional && this.options.mergeMode === 'none' ? 2 : 1;
  }

  protected override stepsRead(where: string, inputs: Tensor | Tensor[], { mask }: RecurrentCallArgs) {
    return { mask: this.options.maskRule === 'ignore' ? undefined : this.maskOf(where, inputs, mask) };
  }

  protected override outputsOf(call: PreparedCall, training: boolean): Tensor[] {
    const { goBackwards, dropout, implementation } = this.options;
    const turned = goBackwards ? reverse(call.x, 1) : call.x;
    const mask = call.mask && goBackwards ? reverseMask(call.mask) : call.mask;
    const steps = mask && new PresentSteps(mask);
    const inputs: StackInputs = {
      x: steps ? steps.toFront(turned) : turned,
      initialStates: call.initialStates,
      weights: this.readWeights(),
      lengths: steps?.lengths,
    };
    const run = (given: StackInputs, attrs: StackAttrs): StackOutputs =>
      runRecurrent('GRU', given, attrs, implementation);
    const result =
      training && dropout > 0
        ? runWithInputDropout(run, inputs, this.attrs, dropout, steps)
        : run(inputs, this.attrs);
    this.carry(result.finalStates);
    return kerasOutputs(result, steps, this.options);
  }

  protected override checkStates(where: string, states: readonly Shape[], batch: number | null): void {
    // Where B is unknown, the states still share one.
    const expected = [batch ?? states[0]?.[0] ?? null, this.options.hiddenSize];
    const fits = (size: number | null, i: number) =>
      size === null || expected[i] === null || size === expected[i];
    for (const [i, state] of states.entries()) {
      if (state.length === 2 && state.every(fits)) continue;
      const what = this.stateNames[i] as string;
      throw new RangeError(message(where, what, `shape ${showShape(expected)}`, showShape(state)));
    }
  }

  protected override toStack(states: readonly Tensor[]): Tensor3D[] {
    return [stackRows(states as readonly Tensor2D[])];
  }

  protected override fromStack([hn]: readonly Tensor3D[]): Tensor[] {
    return unstackRows(hn as Tensor3D);
  }

  protected override zeroStack(batch: number): Tensor3D[] {
    return [zeros([this.stateNames.length, batch, this.options.hiddenSize])];
  }
}

/** Reverses a mask as int32: the Reverse kernel of wasm (tfjs 4.22) takes a bool for 4 bytes and writes past the end. */
function reverseMask(mask: Tensor2D): Tensor2D {
  return cast(reverse(cast(mask, 'int32'), 1), 'bool');
}

serialization.registerClass(KerasGRU);
