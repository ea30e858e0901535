/** The facts of torch's recurrent cells: their gates, their states, the names and shapes of their parameters. */

/** The equations of a cell, under the names of torch's modes. */
export type Cell = 'RNN_TANH' | 'RNN_RELU' | 'GRU' | 'LSTM';

/** The torch classes: `torch.nn.RNN`, `RNNCell` and so on. */
export type CellClass = 'RNN' | 'GRU' | 'LSTM';

interface CellFacts {
  readonly className: CellClass;
  /** G, the blocks of H rows in each weight: GRU `r|z|n`, LSTM `i|f|g|o`. */
  readonly gates: number;
  /** What a step carries to the next one, in the order of torch's arguments. The first is the output. */
  readonly states: readonly string[];
  /** Whether `weight_hr` can project h to P columns. */
  readonly canProject: boolean;
}

const RNN: CellFacts = { className: 'RNN', gates: 1, states: ['h'], canProject: false };

export const CELLS: Readonly<Record<Cell, CellFacts>> = {
  RNN_TANH: RNN,
  RNN_RELU: RNN,
  GRU: { className: 'GRU', gates: 3, states: ['h'], canProject: false },
  LSTM: { className: 'LSTM', gates: 4, states: ['h', 'c'], canProject: true },
};

/** The activation of an Elman network, as torch names it. */
export type Nonlinearity = 'tanh' | 'relu';

export const NONLINEARITIES: readonly Nonlinearity[] = ['tanh', 'relu'];

export function rnnCellOf(nonlinearity: Nonlinearity): Cell {
  return nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU';
}

/** The class whose weights have G blocks of rows. */
export function classOfGates(gates: number): CellClass | undefined {
  return Object.values(CELLS).find((cell) => cell.gates === gates)?.className;
}

/** The sizes of one direction of one layer. */
export interface CellSizes {
  /** H. */
  readonly hiddenSize: number;
  /** P, the size h is projected to; 0 where it is not. */
  readonly projSize: number;
}

/** Columns of h, and of each direction's output: torch's H_out. */
export function outputSize({ hiddenSize, projSize }: CellSizes): number {
  return projSize === 0 ? hiddenSize : projSize;
}

/** Columns of each state: h has P where it is projected, c always H. */
export function stateSizes(cell: Cell, sizes: CellSizes): number[] {
  return CELLS[cell].states.map((state) => (state === 'h' ? outputSize(sizes) : sizes.hiddenSize));
}

interface ParameterOptions extends CellSizes {
  readonly bias: boolean;
}

interface StackOptions extends ParameterOptions {
  readonly numLayers: number;
  readonly bidirectional: boolean;
}

/** Names and shapes of the parameters of a stack, for G gates and I input features, in the order of `state_dict()`. */
export function stackParameters(
  gates: number,
  inputSize: number,
  options: StackOptions,
): Map<string, number[]> {
  const { numLayers, bidirectional } = options;
  const shapes = new Map<string, number[]>();
  for (let layer = 0; layer < numLayers; layer++) {
    const columns = layer === 0 ? inputSize : (bidirectional ? 2 : 1) * outputSize(options);
    for (const suffix of bidirectional ? [`_l${layer}`, `_l${layer}_reverse`] : [`_l${layer}`])
      for (const [name, shape] of cellParameters(gates, columns, options)) shapes.set(name + suffix, shape);
  }
  return shapes;
}

/** Names and shapes of the parameters of one direction of one layer, which are those of a cell. */
export function cellParameters(
  gates: number,
  inputSize: number,
  options: ParameterOptions,
): Map<string, number[]> {
  const { hiddenSize, projSize, bias } = options;
  const rows = gates * hiddenSize;
  const shapes = new Map([
    ['weight_ih', [rows, inputSize]],
    ['weight_hh', [rows, outputSize(options)]],
  ]);
  if (bias) shapes.set('bias_ih', [rows]).set('bias_hh', [rows]);
  if (projSize > 0) shapes.set('weight_hr', [projSize, hiddenSize]);
  return shapes;
}
