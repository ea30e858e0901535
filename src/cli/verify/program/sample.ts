/**
 * `verify --sample`: runs a program on the inputs with which it was exported. PyTorch's results are not stored beside them, so it tells
 * whether the program runs here, gives tensors of the shapes that its graph says, and no NaN; not whether the numbers are PyTorch's.
 */

import { message, showShape } from '../../../check.js';
import { openSample } from '../../../program/archive/archive.js';
import { userInputs, userOutputs } from '../../../program/graph/interface.js';
import { leafPaths } from '../../../program/graph/tree.js';
import type { Program, Size, TensorMeta } from '../../../program/graph/types.js';
import { readFor } from '../../../state-dict/read.js';
import { resolveLimits } from '../../../state-dict/rules/limits.js';
import { locate } from '../../../state-dict/sources/locate.js';
import { runSource } from '../../../state-dict/sources/read-source.js';
import type { TorchTensor } from '../../../state-dict/tensors/tensor.js';
import type { ExitCode } from '../../command.js';
import { printable, printableJson, printablePath } from '../../printable.js';
import { tableLines } from '../../table.js';
import type { Terminal } from '../../terminal.js';
import { publicWord } from '../../url.js';
import type { NumberArray } from '../arrays.js';
import { withTfjs } from '../load-tfjs.js';
import { twoDigits } from '../report.js';
import type { Request } from '../request.js';
import { checkInputs, readGraph } from './mode.js';

const WHERE = 'verify';

/** Calls behind the first, whose median is told. */
const CALLS = 5;

/** What a call gave in one place. */
interface Given {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of the finite values; undefined where there are none. */
  readonly range: readonly [min: number, max: number] | undefined;
  readonly nan: number;
  readonly infinite: number;
  /** The shape that the graph says, where it is another. */
  readonly expected: string | undefined;
}

export async function runSample(request: Request, terminal: Terminal): Promise<ExitCode> {
  const { source, backend, words } = request;
  const program = await readGraph(request);
  const inputs = await readSample(program, request);
  checkInputs(program, inputs);
  const { ProgramRun } = await withTfjs(backend, () => import('./run-program.js'));
  const opened = await ProgramRun.open(program, request);
  const times: number[] = [];
  const timed = async () => {
    const start = performance.now();
    const answers = await opened.call(inputs);
    times.push(performance.now() - start);
    return answers;
  };
  const answers = await timed();
  for (let i = 0; i < CALLS; i++) await timed();
  const sizes = sizesOf(program, inputs);
  const outputs = userOutputs(program).flatMap(({ name, tensor }) => {
    const answer = answers.get(name);
    return answer ? [describe(name, answer, tensor, sizes)] : [];
  });
  const ok = outputs.every(({ nan, expected }) => nan === 0 && expected === undefined);
  const [first, ...later] = times as [number, ...number[]];
  const median = later.sort((a, b) => a - b)[CALLS >> 1] as number;
  if (words.flag('json'))
    terminal.line(printableJson({ program: source, backend, ok, outputs, milliseconds: { first, median } }));
  else {
    terminal.line(`${printablePath(publicWord(source))} on ${backend}, with the inputs of its export`);
    terminal.line(tableLines(COLUMNS, rowsOf(program, inputs, outputs)).join('\n'));
    terminal.line(
      `first call ${twoDigits(first)} ms, later ones ${twoDigits(median)} ms (median of ${CALLS})`,
    );
    const verdict = ok
      ? "it runs, and gives no NaN; whether the numbers are PyTorch's, --input and --expected tell"
      : 'not as the graph says, or NaN';
    terminal.line(terminal.style(ok ? 'green' : 'red', verdict));
  }
  return ok ? 0 : 1;
}

/** The stored inputs, in the order in which the program takes them. */
async function readSample(program: Program, { source, headers, signal }: Request): Promise<TorchTensor[]> {
  const options = { limits: resolveLimits(WHERE), headers, signal };
  const bytes = await runSource(locate(WHERE, source), options, true, openSample);
  const what = 'data/sample_inputs/model.pt';
  if (bytes === undefined) throw new RangeError(message(WHERE, what, 'the inputs of the export', 'none'));
  // torch.save of (args, kwargs): all of it, by dotted names.
  const stored = await readFor(`${WHERE}: ${what}`, bytes, { path: [], signal });
  const { positional, keywords } = program.call;
  const paths = [
    ...leafPaths(positional).map((path) => `0.${path}`),
    ...leafPaths(keywords).map((path) => `1.${path}`),
  ];
  return userInputs(program).flatMap((input, i) => {
    if ('frozen' in input) return [];
    const tensor = stored.get(paths[i] as string);
    if (tensor !== undefined) return [tensor];
    throw new RangeError(message(WHERE, `${what}: ${input.name}`, 'a tensor', 'none'));
  });
}

/** The sizes that symbols have in the inputs. */
function sizesOf(program: Program, inputs: readonly TorchTensor[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const open = userInputs(program).filter((input) => !('frozen' in input));
  for (const [i, { tensor }] of open.entries())
    for (const [axis, size] of (tensor?.shape ?? []).entries())
      if (typeof size === 'object') sizes.set(size.symbol, inputs[i]?.shape[axis] as number);
  return sizes;
}

function describe(
  name: string,
  { shape, values }: NumberArray,
  meta: TensorMeta | undefined,
  sizes: ReadonlyMap<string, number>,
): Given {
  let [min, max, nan, infinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
    else [min, max] = [Math.min(min, value), Math.max(max, value)];
  }
  // Sizes that are expressions of others, or depend on data, are not computed.
  const isAsSaid = (size: Size, axis: number) => {
    const said = typeof size === 'number' ? size : sizes.get(size.symbol);
    return said === undefined || said === shape[axis];
  };
  const said = meta?.shape ?? shape;
  const isSaid = said.length === shape.length && said.every(isAsSaid);
  return {
    name,
    shape,
    range: min <= max ? [min, max] : undefined,
    nan,
    infinite,
    expected: isSaid ? undefined : showSizes(said),
  };
}

function shortNumber(value: number): string {
  return value < 0 ? `-${twoDigits(-value)}` : twoDigits(value);
}

function showSizes(sizes: readonly Size[]): string {
  return `[${sizes.map((size) => (typeof size === 'number' ? size : size.symbol)).join(', ')}]`;
}

const COLUMNS = ['', 'name', 'shape', 'values', ''].map((title) => ({ title }));

function rowsOf(program: Program, inputs: readonly TorchTensor[], outputs: readonly Given[]): string[][] {
  const open = userInputs(program).filter((input) => !('frozen' in input));
  return [
    ...open.map(({ name }, i) => {
      const { dtype, shape } = inputs[i] as TorchTensor;
      return ['input', printable(name), showShape(shape), dtype];
    }),
    ...outputs.map(({ name, shape, range, nan, infinite, expected }) => [
      'output',
      printable(name),
      showShape(shape),
      range ? range.map(shortNumber).join(' to ') : 'none that is finite',
      [
        nan === 0 ? 'no NaN' : `${nan} NaN`,
        ...(infinite > 0 ? [`${infinite} infinite`] : []),
        ...(expected === undefined ? [] : [`the graph says ${expected}`]),
      ].join(', '),
    ]),
  ];
}
