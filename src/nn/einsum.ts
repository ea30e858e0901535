import {
  mul,
  reshape,
  squeeze,
  sum,
  type Tensor,
  type Tensor1D,
  tensor1d,
  util,
} from '@tensorflow/tfjs-core';
import { lending, usingUp } from './in-turn.js';
import { takeAlong } from './indexing/along.js';
import { matmul } from './matmul.js';
import { permute } from './shape/permute.js';

/** A tensor whose axes have labels, each once. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

/**
 * `torch.einsum`: the operands are multiplied from left to right, and what neither the result nor a later operand has is summed. Call
 * inside `tidy`.
 *
 * @param equation as torch writes it: letters, `...` and `->`.
 * @param tensors of one dtype.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
 */
export function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  const { inputs, output } = labelsOf(
    equation.replaceAll(' ', ''),
    tensors.map(({ rank }) => rank),
  );
  const operands = tensors.map((tensor, i) => diagonals(tensor, inputs[i] as string[]));
  let [product] = operands as [Labelled];
  const made = () => (tensors.includes(product.tensor) ? [] : [product.tensor]);
  for (const [i, operand] of operands.entries()) {
    const needed = new Set([...output, ...operands.slice(i + 1).flatMap(({ labels }) => labels)]);
    product = i === 0 ? summed(operand, needed) : lending(made(), () => multiply(product, operand, needed));
  }
  const order = output.map((label) => product.labels.indexOf(label));
  return lending(made(), () => usingUp(product.tensor, (tensor) => permute(tensor, order)));
}

/** The labels of each axis. Those of an ellipsis are numbers, counted from the last axis: they broadcast. */
function labelsOf(equation: string, ranks: readonly number[]) {
  const [left = '', right] = equation.split('->');
  let widest = 0;
  const inputs = left.split(',').map((term, i) => {
    const count = (ranks[i] as number) - term.replace('...', '').length;
    if (term.includes('...')) widest = Math.max(widest, count);
    return expandTerm(term, count);
  });
  const all = inputs.flat();
  const letters = [...new Set(all)].filter((label) => /[A-Za-z]/.test(label)).sort();
  const implied = () => [
    ...expandTerm('...', widest),
    ...letters.filter((label) => all.indexOf(label) === all.lastIndexOf(label)),
  ];
  return { inputs, output: right === undefined ? implied() : expandTerm(right, widest) };
}

function expandTerm(term: string, count: number): string[] {
  const [before = '', behind = ''] = term.split('...');
  const dots = term.includes('...') ? Array.from({ length: count }, (_, i) => String(count - i)) : [];
  return [...before, ...dots, ...behind];
}

/** An operand that has each label once: of a label that it has twice the diagonal is taken. */
function diagonals(tensor: Tensor, labels: string[]): Labelled {
  const again = labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (again < 0) return { tensor, labels };
  const first = labels.indexOf(labels[again] as string);
  const others = [...labels.keys()].filter((axis) => axis !== first && axis !== again);
  const size = tensor.shape[first] as number;
  const shape = others.map((axis) => tensor.shape[axis] as number);
  const flat = reshape(permute(tensor, [first, again, ...others]), [size * size, ...shape]);
  const ids = tensor1d(
    Array.from({ length: size }, (_, i) => i * (size + 1)),
    'int32',
  ) as Tensor1D;
  const rest = others.map((axis) => labels[axis] as string);
  return diagonals(takeAlong(flat, 0, ids), [labels[first] as string, ...rest]);
}

/** Without the axes that nothing needs. */
function summed({ tensor, labels }: Labelled, needed: ReadonlySet<string>): Labelled {
  const axes = [...labels.keys()].filter((axis) => !needed.has(labels[axis] as string));
  if (axes.length === 0) return { tensor, labels };
  return {
    tensor: usingUp(tensor, (x) => sum(x, axes)),
    labels: labels.filter((label) => needed.has(label)),
  };
}

/** One product of matrices for two operands: shared labels that are needed are its batch, others that are shared are summed in it. */
function multiply(a: Labelled, b: Labelled, needed: ReadonlySet<string>): Labelled {
  const [left, right] = [squeezed(a, b), squeezed(b, a)];
  const [first, second] = [
    summed(left, new Set([...needed, ...right.labels])),
    summed(right, new Set([...needed, ...left.labels])),
  ];
  const shared = first.labels.filter((label) => second.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const inner = shared.filter((label) => !needed.has(label));
  const rows = first.labels.filter((label) => !shared.includes(label));
  const columns = second.labels.filter((label) => !shared.includes(label));
  const sizeOf = (label: string) =>
    (first.labels.includes(label)
      ? first.tensor.shape[first.labels.indexOf(label)]
      : second.tensor.shape[second.labels.indexOf(label)]) as number;
  const product = (labels: readonly string[]) => util.sizeFromShape(labels.map(sizeOf));
  const labels = [...batch, ...rows, ...columns];
  const made = [first.tensor, second.tensor].filter((tensor) => tensor !== a.tensor && tensor !== b.tensor);
  const tensor = lending(made, () =>
    usingUp(
      first.tensor,
      ...arranging(first, [batch, rows, inner], product),
      (x) =>
        usingUp(second.tensor, ...arranging(second, [batch, inner, columns], product), (y) =>
          inner.length === 0 ? mul(x, y) : matmul(x, y),
        ),
      (y) => reshape(y, labels.map(sizeOf)),
    ),
  );
  return { tensor, labels };
}

/** Groups of labels become an axis each. */
function arranging(
  { labels }: Labelled,
  groups: readonly (readonly string[])[],
  sizeOf: (labels: readonly string[]) => number,
) {
  const order = groups.flat().map((label) => labels.indexOf(label));
  return [(x: Tensor) => permute(x, order), (x: Tensor) => reshape(x, groups.map(sizeOf))];
}

/** An axis of size 1 is taken away where the other operand has more along it: it broadcasts. */
function squeezed({ tensor, labels }: Labelled, other: Labelled): Labelled {
  const axes = [...labels.keys()].filter((axis) => {
    const at = other.labels.indexOf(labels[axis] as string);
    return tensor.shape[axis] === 1 && at >= 0 && other.tensor.shape[at] !== 1;
  });
  if (axes.length === 0) return { tensor, labels };
  return {
    tensor: usingUp(tensor, (x) => squeeze(x, axes)),
    labels: labels.filter((_, axis) => !axes.includes(axis)),
  };
}
