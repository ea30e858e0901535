/** What a program takes and gives as a layer of tf.layers, whose models cut axis 0 of everything into batches. */

import { squeeze, type Tensor, transpose } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { message, shortened, showShape } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { showSizes } from '../graph/show-sizes.js';
import type { Graph, TensorMeta } from '../graph/types.js';

/** A tensor that goes in or out. */
export interface Port {
  readonly name: string;
  readonly tensor: TensorMeta;
}

/** Where the batch stands in each op that has an axis of steps: an argument of the call says it. */
const RECURRENT = /^(aten|torch_rnn)\.(gru|lstm|rnn_tanh|rnn_relu)\./;

export class Ports {
  /** B; undefined where no size is open. */
  readonly batch: string | undefined;
  private readonly outputPlaces: ReadonlyMap<Port, number>;
  private readonly outputsByName: ReadonlyMap<string, Port>;

  constructor(
    private readonly where: string,
    graph: Graph,
    readonly inputs: readonly Port[],
    readonly outputs: readonly Port[],
  ) {
    this.batch = recurrentBatch(graph) ?? inputs.map(({ tensor }) => symbolAt(tensor, 0)).find(Boolean);
    this.outputPlaces = new Map(outputs.map((port, i) => [port, i]));
    // Of outputs with one name the first.
    this.outputsByName = new Map([...outputs].reverse().map((port) => [port.name, port]));
  }

  /** The output of a name or number. */
  output(output: string | number): Port | undefined {
    return typeof output === 'number' ? this.outputs[output] : this.outputsByName.get(output);
  }

  /** The place of an output among all. */
  placeOf(output: Port): number {
    return this.outputPlaces.get(output) as number;
  }

  /** Whether a tensor is a state of torch, `[L*D, B, H]`, which a layer has as `[B, L*D, H]`. */
  isState({ tensor }: Port): boolean {
    return (
      tensor.shape.length === 3 &&
      typeof tensor.shape[0] === 'number' &&
      this.batch !== undefined &&
      symbolAt(tensor, 1) === this.batch
    );
  }

  /** An input as the program takes it. Call inside `tidy`. */
  fromLayer(port: Port, value: Tensor): Tensor {
    if (this.isState(port) && value.rank === 3) return transpose(value, [1, 0, 2]);
    return this.isColumn(port, value.shape) ? squeeze(value, [1]) : value;
  }

  /** An output as a layer gives it. Call inside `tidy`. */
  toLayer(port: Port, value: Tensor): Tensor {
    return this.isState(port) ? transpose(value, [1, 0, 2]) : value;
  }

  /** One number a row, which tfjs feeds as a column alone. */
  private isColumn({ tensor }: Port, shape: Shape): boolean {
    return tensor.shape.length === 1 && shape.length === 2 && shape[1] === 1;
  }

  /**
   * The shapes of outputs in a model, B and what is not known as null.
   *
   * @throws RangeError for an input of another shape; UnsupportedError for inputs and outputs that a model cannot cut into batches.
   */
  outputShapes(shapes: readonly Shape[], picked: readonly Port[]): Shape[] {
    for (const port of this.inputs) this.refuseOther('input', port);
    for (const port of picked) this.refuseOther('output', port);
    const sizes = new Map<string, number>();
    for (const [i, port] of this.inputs.entries()) this.match(port, shapes[i] as Shape, sizes);
    return picked.map((port) =>
      this.layerSizes(port).map((size) =>
        typeof size === 'number'
          ? size
          : size.symbol === this.batch
            ? null
            : (sizes.get(size.symbol) ?? null),
      ),
    );
  }

  /** The sizes of a tensor in the order in which a layer has them. */
  private layerSizes(port: Port): TensorMeta['shape'] {
    const { shape } = port.tensor;
    return this.isState(port) ? ([shape[1], shape[0], shape[2]] as TensorMeta['shape']) : shape;
  }

  private refuseOther(kind: 'input' | 'output', port: Port): void {
    const [first] = this.layerSizes(port);
    if (typeof first === 'object' && first.symbol === this.batch) return;
    const remedy =
      kind === 'output'
        ? 'Pick others with { outputs: [...] }, or call forward'
        : typeof first === 'number'
          ? 'Export it with torch_rnn_export.export, or with dynamic_shapes, from a sample of two rows or more; or call forward'
          : 'Let the model in Python take it with the batch first, or call forward';
    const rule = `the batch${this.batch ? ` ${shortened(this.batch)}` : ', an open size,'} on axis 0 in a model`;
    throw new UnsupportedError(
      message(this.where, `${kind} ${shortened(port.name)}`, rule, showSizes(port.tensor), remedy),
    );
  }

  private match(port: Port, shape: Shape, sizes: Map<string, number>): void {
    if (this.isColumn(port, shape)) return;
    const expected = this.layerSizes(port);
    const fits =
      shape.length === expected.length &&
      expected.every((size, axis) => {
        const actual = shape[axis];
        if (actual == null) return true;
        if (typeof size === 'number') return actual === size;
        const known = sizes.get(size.symbol) ?? actual;
        sizes.set(size.symbol, known);
        return known === actual;
      });
    if (fits) return;
    const rule = `shape ${showSizes({ shape: expected })}`;
    throw new RangeError(message(this.where, shortened(port.name), rule, showShape(shape)));
  }
}

/** The symbol on the axis of the batch of what a recurrent layer reads: it tells B from T. */
function recurrentBatch(graph: Graph): string | undefined {
  for (const { target, inputs } of graph.nodes) {
    if (!RECURRENT.test(target)) continue;
    const argument = (name: string) => inputs.find((input) => input.name === name)?.argument;
    const input = argument('input');
    const batchFirst = argument('batch_first');
    const meta = input?.kind === 'tensor' ? graph.tensors.get(input.name) : undefined;
    const isTimeMajor = batchFirst?.kind === 'constant' && batchFirst.value === false;
    const symbol = meta && symbolAt(meta, isTimeMajor ? 1 : 0);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}

function symbolAt({ shape }: TensorMeta, axis: number): string | undefined {
  const size = shape[axis];
  return typeof size === 'object' ? size.symbol : undefined;
}
