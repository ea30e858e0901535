/** A program of PyTorch as a layer of tf.layers. */

import { serialization, type Tensor, tidy } from '@tensorflow/tfjs-core';
import {
  initializers,
  type LayerVariable,
  layers,
  type Shape,
  SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import {
  checkBoolean,
  checkChoice,
  checkKeys,
  checkObject,
  message,
  shortened,
  show,
  showFirst,
} from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { LayerArgs } from '../../layers/args/module-args.js';
import { checkTfLayerArgs } from '../../layers/args/tf-layer-args.js';
import { construct } from '../../layers/config.js';
import { type LayerTensors, toList, toShapes } from '../../layers/one-or-many.js';
import { RepeatedCalls } from '../../layers/recurrent/repeated-calls.js';
import { buildLayer } from '../../layers/weights/build.js';
import { addTo } from '../../matching/add-to.js';
import { resolveLimits } from '../../state-dict/rules/limits.js';
import type { StateDict, TorchDtype } from '../../state-dict/tensors/tensor.js';
import { takeGraphCall, watchModels, watchOutputs } from '../../tfjs-internals/models.js';
import type { StoredSpec } from '../graph/interface.js';
import { assemble } from '../graph/tree.js';
import { tfDtype } from '../ops/shared/dtypes.js';
import type { Value } from '../ops/types.js';
import { Executable } from '../run/executable.js';
import { flattenCall } from './call-args.js';
import {
  describeCalls,
  describeInput,
  describePort,
  type ProgramCall,
  type ProgramInput,
  type ProgramOutput,
} from './describe.js';
import { type Port, Ports } from './ports.js';
import { type OpenedProgram, openSaved, type SavedProgram } from './saved-program.js';
import { toVariableValue } from './stored-values.js';
import { weightName } from './weight-name.js';

/** Whether calls that were exported for training follow tf.layers' `training`, or always run as they were exported. */
export type TrainFlags = 'follow' | 'fixed';

/** The configuration of a {@link TorchProgram}; `readExportedProgram` makes it. */
export interface TorchProgramArgs extends LayerArgs, SavedProgram {
  /** @default 'follow' */
  readonly trainFlags?: TrainFlags | undefined;
  /** Bytes of the tensors that calls make and that are needed at one time. @default 2 ** 32 */
  readonly maxTensorBytes?: number | undefined;
}

/** Options of a call in torch's structure. */
export interface ProgramForwardOptions {
  /** Whether what was exported for training runs as in training: dropout, and the statistics of a batch norm. @default false */
  readonly training?: boolean | undefined;
}

/** Options of `apply`. */
export interface ProgramCallArgs extends ProgramForwardOptions {
  /** Names of the outputs to return, or their numbers. @default all tensors */
  readonly outputs?: readonly (string | number)[] | undefined;
}

/** A parameter or buffer of the model, under its name in `state_dict()`. */
interface TorchEntry {
  readonly key: string;
  /** The name of the weight that holds it. */
  readonly weight: string;
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
}

const WHERE = 'TorchProgram';

/** What BatchNorm counts in training. Its call says whether it trains, the counter's addition does not. */
const TRAINING_COUNTER = /(^|\.)num_batches_tracked$/;

/**
 * A model that `torch.export` has written, as a layer: its parameters are trainable weights under torch's names.
 *
 * Parameters with `requires_grad=False`, buffers and constants are weights that are not trainable. Tied parameters are one weight.
 * Buffers that a call changes, such as the statistics of a batch norm, change after it. `loadStateDict` and `toStateDict` know the
 * names of the model's `state_dict()`.
 *
 * @see https://docs.pytorch.org/docs/stable/export.html
 */
export class TorchProgram extends layers.Layer {
  static readonly className = 'TorchProgram';

  /** What `forward` takes: tensors, numbers that are open, and frozen values, in torch's order. */
  readonly inputs: readonly ProgramInput[];
  /** What `forward` returns. */
  readonly outputs: readonly ProgramOutput[];

  private readonly opened: OpenedProgram;
  private readonly executable: Executable;
  private readonly ports: Ports;
  private readonly saved: SavedProgram;
  private readonly trainFlags: TrainFlags;
  private readonly maxTensorBytes: number;
  private readonly variables = new Map<string, LayerVariable>();
  private readonly repeatedCalls = new RepeatedCalls();
  /** What the executor's last call returned, which it asks for again for each further output. */
  private lastOutputs: LayerTensors | undefined;
  /** The outputs of the symbolic call that is under way. */
  private picked: readonly Port[] | undefined;
  /** The values of the file, until the weights are made. */
  private values: StateDict | undefined;

  /**
   * Makes a layer of a configuration; `readExportedProgram` makes one of a file.
   *
   * @param file  the program that `args` describe, and its values. @default zeros, as for a model whose weights follow
   * @throws UnsupportedError with all ops that are missing, and for others that are not supported.
   */
  constructor(args: TorchProgramArgs, file?: OpenedProgram & { readonly tensors: StateDict }) {
    checkObject(WHERE, 'args', args);
    checkTfLayerArgs(WHERE, args);
    super(args as ConstructorParameters<typeof layers.Layer>[0]);
    const { graph, ties, trainFlags = 'follow', maxTensorBytes } = args;
    checkChoice(WHERE, 'trainFlags', trainFlags, ['follow', 'fixed']);
    this.trainFlags = trainFlags;
    this.maxTensorBytes = resolveLimits(WHERE, { maxTensorBytes }).maxTensorBytes;
    this.saved = { graph, ties };
    this.opened = file ?? openSaved(WHERE, args);
    this.values = file?.tensors;
    this.executable = new Executable(WHERE, this.opened.program);
    this.inputs = this.executable.inputs.map(describeInput);
    this.outputs = this.executable.outputs.map(describePort);
    this.ports = new Ports(
      `${WHERE}.apply`,
      this.opened.program.graph,
      this.executable.inputs.filter(isPort),
      this.executable.outputs.filter(isPort),
    );
  }

  /** The calls of the program, in the order in which they run. */
  describe(): ProgramCall[] {
    return describeCalls(this.opened.program.graph);
  }

  /**
   * Parameters and persistent buffers, in the order of the file; each name of a tied one.
   * @internal
   */
  torchEntries(): TorchEntry[] {
    const { stored } = this.executable;
    const read = new Set(stored.map(({ spec }) => spec.name));
    const aliases = new Map<string, string[]>();
    for (const [name, other] of this.opened.ties) if (!read.has(name)) addTo(aliases, other, name);
    return stored.flatMap(({ spec, meta }) => {
      if (!isInStateDict(spec)) return [];
      const weight = weightName(this.tied(spec.name));
      const keys = [spec.name, ...(aliases.get(spec.name) ?? [])];
      return keys.map((key) => ({
        ...{ key, weight, dtype: meta.dtype, shape: meta.shape as readonly number[] },
      }));
    });
  }

  /** The name under which a tensor is kept. */
  private tied(name: string): string {
    return this.opened.ties.get(name) ?? name;
  }

  override build(inputShape: Shape | Shape[]): void {
    for (const { spec, meta } of this.executable.stored) {
      const name = this.tied(spec.name);
      if (this.variables.has(name)) continue;
      const isTrainable = spec.kind === 'parameter' && meta.requiresGrad;
      const weight = this.addWeight(
        weightName(name),
        [...(meta.shape as readonly number[])],
        tfDtype(meta.dtype),
        this.initializerOf(name),
        undefined,
        isTrainable,
      );
      this.variables.set(name, weight);
    }
    this.values = undefined;
    super.build(inputShape);
  }

  private initializerOf(name: string): Parameters<layers.Layer['addWeight']>[3] {
    const stored = this.values?.get(name);
    if (stored === undefined) return initializers.zeros();
    // A whole initializer, as tfjs declares it, that gives the values of the file.
    return Object.assign(initializers.zeros(), { apply: () => toVariableValue(WHERE, name, stored) });
  }

  /**
   * torch's call in evaluation: `forwardWith({}, ...args)`.
   *
   * @returns results in torch's structure; tensors belong to the caller.
   */
  forward(...args: readonly unknown[]): unknown {
    return this.forwardAll({}, args);
  }

  /**
   * torch's call, `model(*args, **kwargs)`: lists and tuples are arrays, dicts are objects, None is null; keyword arguments are one object
   * at the end. Frozen arguments may be left out.
   *
   * int64 is int32 here, and float64 float32.
   *
   * @returns results in torch's structure; tensors belong to the caller. An input that is returned is a copy.
   * @throws RangeError for a size or value other than a frozen one, and for other keys; TypeError for an argument of another type or
   *   dtype.
   */
  forwardWith(options: ProgramForwardOptions, ...args: readonly unknown[]): unknown {
    return this.forwardAll(options, args);
  }

  /** Arguments in one list: each spread of thousands takes the stack that they have. */
  private forwardAll(options: ProgramForwardOptions, args: readonly unknown[]): unknown {
    const where = `${WHERE}.forward`;
    this.assertNotDisposed();
    checkKeys(`${where}With`, options, ['training']);
    const { program } = this.opened;
    const values = flattenCall(where, program, args);
    if (!this.built) buildLayer(this, this.name, []);
    const outputs = this.run(where, values, options.training);
    return assemble(program.call.results, outputs.values());
  }

  /** Runs the program, then assigns the buffers that it has changed. */
  private run(
    where: string,
    values: readonly (Value | undefined)[],
    training: boolean | undefined,
  ): readonly Value[] {
    if (training != null) checkBoolean(where, 'training', training);
    const isTraining = this.trainFlags === 'fixed' || training === true;
    const read = ({ name }: StoredSpec) => this.variableOf(name).read();
    const { maxTensorBytes } = this;
    const { outputs, written } = this.executable.run(where, values, read, { isTraining, maxTensorBytes });
    for (const [name, value] of written) {
      if (isTraining || !TRAINING_COUNTER.test(name)) this.variableOf(name).write(value);
      value.dispose();
    }
    return outputs;
  }

  private variableOf(name: string): LayerVariable {
    return this.variables.get(this.tied(name)) as LayerVariable;
  }

  /**
   * tf.layers' call, eager or symbolic: one tensor for each of `inputs` that is a tensor, in their order.
   *
   * The batch stands first: states of torch, `[L*D, B, H]`, are `[B, L*D, H]` here, given and returned. Lengths are `[B]` or
   * `[B, 1]`. Eager outputs belong to the caller; frozen arguments have their values.
   *
   * @returns the outputs that are tensors, or those that `outputs` picks.
   * @throws RangeError, TypeError naming the input; UnsupportedError on symbolic tensors for an input or a picked output whose axis 0 is
   *   not the batch: models cut it.
   */
  override apply(inputs: LayerTensors, kwargs?: ProgramCallArgs | null): LayerTensors {
    const args = kwargs ?? {};
    if (toList<unknown>(inputs)[0] instanceof SymbolicTensor) return this.applySymbolic(inputs, args);
    const graphCall = takeGraphCall(this);
    if (graphCall === undefined) {
      checkKeys(`${WHERE}.apply`, args, ['outputs', 'training']);
      return super.apply(inputs, { ...args });
    }
    const isRepeated = this.repeatedCalls.isRepeated(graphCall, toList(inputs as Tensor | Tensor[]));
    if (isRepeated && this.lastOutputs) return this.lastOutputs;
    const { outputs } = graphCall.output.callArgs as ProgramCallArgs;
    this.lastOutputs = super.apply(inputs, { training: args.training, outputs }) as LayerTensors;
    return this.lastOutputs;
  }

  private applySymbolic(inputs: LayerTensors, args: ProgramCallArgs): LayerTensors {
    const where = `${WHERE}.apply`;
    const { mask: _, ...options } = args as ProgramCallArgs & { readonly mask?: unknown };
    checkKeys(where, options, ['outputs'], { training: 'fit and predict set it' });
    this.checkSymbolic(where, toList<unknown>(inputs));
    const picked = this.pick(where, options.outputs);
    this.picked = picked;
    try {
      // Numbers pass through the configuration of a model unchanged.
      const outputs = options.outputs && picked.map((port) => this.ports.placeOf(port));
      const result = super.apply(inputs, outputs ? { outputs } : {}) as SymbolicTensor | SymbolicTensor[];
      for (const [i, output] of toList(result).entries())
        Object.assign(output, { dtype: tfDtype((picked[i] as Port).tensor.dtype) });
      watchModels();
      watchOutputs(toList(result));
      return result;
    } finally {
      this.picked = undefined;
    }
  }

  private checkSymbolic(where: string, inputs: readonly unknown[]): void {
    this.checkCount(where, inputs.length);
    for (const [i, { name, tensor }] of this.ports.inputs.entries()) {
      const input = inputs[i];
      if (!(input instanceof SymbolicTensor))
        throw new TypeError(
          message(where, shortened(name), 'a symbolic tensor, as the others are', show(input)),
        );
      const dtype = tfDtype(tensor.dtype);
      if (input.dtype === dtype) continue;
      const remedy = `Make the input with tf.input({ shape, dtype: '${dtype}' })`;
      throw new TypeError(message(where, shortened(name), `dtype ${dtype}`, input.dtype, remedy));
    }
  }

  private checkCount(where: string, count: number): void {
    const open = this.executable.inputs.find((input) => input.tensor === undefined && !('frozen' in input));
    if (open) {
      const remedy = 'Call forward with it, or export the model with a fixed number';
      throw new UnsupportedError(
        message(where, shortened(open.name), 'tensors alone', 'an open number', remedy),
      );
    }
    const { inputs } = this.ports;
    if (count === inputs.length) return;
    const names = showFirst(inputs, ({ name }) => shortened(name));
    throw new RangeError(message(where, 'inputs', `[${names}]`, `${count} tensors`));
  }

  /** The outputs that a call asks for. */
  private pick(where: string, outputs: ProgramCallArgs['outputs']): readonly Port[] {
    const { outputs: all } = this.ports;
    if (outputs == null) return all;
    const rule = `names of outputs (${showFirst(all, ({ name }) => show(name))})`;
    if (!Array.isArray(outputs)) throw new TypeError(message(where, 'outputs', rule, show(outputs)));
    if (outputs.length === 0) throw new RangeError(message(where, 'outputs', rule, '[]'));
    return (outputs as readonly (string | number)[]).map((output) => {
      const port = this.ports.output(output);
      if (port === undefined) throw new RangeError(message(where, 'outputs', rule, show(output)));
      return port;
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = this.ports.outputShapes(toShapes(inputShape), this.picked ?? this.ports.outputs);
    return shapes.length === 1 ? (shapes[0] as Shape) : shapes;
  }

  override call(inputs: Tensor | Tensor[], kwargs: ProgramCallArgs = {}): Tensor | Tensor[] {
    const where = `${WHERE}.apply`;
    const { ports, executable } = this;
    return tidy(() => {
      this.invokeCallHook(inputs, { ...kwargs });
      const list = toList(inputs);
      this.checkCount(where, list.length);
      const picked = this.pick(where, kwargs.outputs);
      const given = ports.inputs.map((port, i) => ports.fromLayer(port, list[i] as Tensor)).values();
      const values = executable.inputs.map(({ tensor }) => (tensor ? given.next().value : undefined));
      const results = this.run(where, values, kwargs.training).filter(
        (_, i) => executable.outputs[i]?.tensor,
      );
      const outputs = picked.map((port) => ports.toLayer(port, results[ports.placeOf(port)] as Tensor));
      return outputs.length === 1 ? (outputs[0] as Tensor) : outputs;
    });
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    const { graph, ties } = this.saved;
    const { trainFlags, maxTensorBytes } = this;
    return { ...super.getConfig(), graph: [...graph], ties: [...ties], trainFlags, maxTensorBytes };
  }

  static {
    serialization.registerClass(TorchProgram);
  }
}

function isPort(value: {
  readonly name: string;
  readonly tensor: Port['tensor'] | undefined;
}): value is Port {
  return value.tensor !== undefined;
}

/** Constants, and buffers that are not persistent, are none of the model's state. */
function isInStateDict(spec: StoredSpec): boolean {
  return spec.kind === 'parameter' || (spec.kind === 'buffer' && spec.isPersistent);
}
