import { message, show, showShape } from '../../check.js';
import { describeSource } from '../../state-dict/describe.js';
import { readFor } from '../../state-dict/read.js';
import { resolveLimits } from '../../state-dict/rules/limits.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { NONLINEARITIES, type Nonlinearity } from '../../torch/cells.js';
import { type CellModule, describeModule, fileKeys, type RecurrentModule } from '../../torch/modules.js';
import { recogniseModules } from '../../torch/recognise.js';
import type { Command, CommandContext, ExitCode } from '../command.js';
import { choiceOf, PART_OPTIONS, type ParsedWords, pathOf, UsageError } from '../options.js';
import { printable, printableJson } from '../printable.js';
import { type NumberArray, readArray } from './arrays.js';
import { type WorstError, worstError } from './compare.js';
import { BACKENDS, type Backend, loadTfjs } from './load-tfjs.js';

const DEFAULT_TOLERANCE = 1e-5;
const DEFAULT_NONLINEARITY: Nonlinearity = 'tanh';

export const verify: Command = {
  name: 'verify',
  summary: "a layer's output against PyTorch's",
  usage: 'FILE --input X --expected Y [options]',
  description: `Runs a recurrent layer or cell of a weight file on an input, and compares the result with what PyTorch gave.
Exit code 1 beyond the tolerance. It needs @tensorflow/tfjs beside this package.

X, Y and the states are files with one array: what numpy.save writes, or FILE#NAME for one of several. The layout
is torch's: [T, B, I], [B, T, I] with --batch-first, [T, I] without a batch; of a cell [B, I] or [I].`,
  options: {
    input: { argument: 'X', help: 'the input' },
    expected: { argument: 'Y', help: "PyTorch's output" },
    'expected-hn': { argument: 'H', help: "PyTorch's final state as well" },
    'expected-cn': { argument: 'C', help: 'the final cell state of an LSTM as well' },
    layer: {
      argument: 'PATH',
      mayBeEmpty: true,
      help:
        "the module path of the layer, such as encoder.gru, or '' for the file itself. Default: the only one in the " +
        'file',
    },
    path: PART_OPTIONS.path,
    h0: { argument: 'H', help: 'the initial state, [L*D, B, H] as torch takes it. Default: zeros' },
    c0: { argument: 'C', help: 'the initial cell state of an LSTM. Default: zeros' },
    'batch-first': { help: 'the arrays are [B, T, ...], as with batch_first=True' },
    nonlinearity: {
      argument: NONLINEARITIES.join('|'),
      help: `of an RNN. Default: ${DEFAULT_NONLINEARITY}`,
    },
    tolerance: { argument: 'N', help: `largest absolute error that is fine. Default: ${DEFAULT_TOLERANCE}` },
    backend: { argument: BACKENDS.join('|'), help: `what the layer runs on. Default: ${BACKENDS[0]}` },
  },
  examples: `Example, after numpy.save("x.npy", x.numpy()) and numpy.save("y.npy", gru(x)[0].detach().numpy()) in Python:
  tfjs-torch-rnn verify model.safetensors --layer gru --input x.npy --expected y.npy --batch-first`,
  positionals: ['FILE'],
  run,
};

const WHERE = 'verify';

/** The results that are compared, by the option that names the file with PyTorch's. */
const EXPECTATIONS = [
  ['expected', 'output'],
  ['expected-hn', 'hn'],
  ['expected-cn', 'cn'],
] as const;

async function run(words: ParsedWords, context: CommandContext): Promise<ExitCode> {
  const { terminal, signal } = context;
  const [source = ''] = words.positionals;
  const [input, tolerance] = [required(words, 'input'), toleranceOf(words)];
  const backend = choiceOf(words, 'backend', BACKENDS) ?? BACKENDS[0];
  const nonlinearity = choiceOf(words, 'nonlinearity', NONLINEARITIES) ?? DEFAULT_NONLINEARITY;
  required(words, 'expected');
  const path = pathOf(words);

  const array = async (option: string): Promise<NumberArray | undefined> => {
    const text = words.value(option);
    return text === undefined ? undefined : readArray(`--${option}`, text, signal);
  };
  const module = await findModule(source, path, words.value('layer'), signal);
  checkOptionsFit(words, module);
  const select = fileKeys(module);
  const read = await readFor(WHERE, source, { path, select, signal });
  const stateDict = ownTensors(read, module);
  const [x, h0, c0] = [await readArray('--input', input, signal), await array('h0'), await array('c0')];
  const { runLayer } = await loadTfjs(backend);
  const batchFirst = words.flag('batch-first');
  const answers = await runLayer({ module, stateDict, backend, batchFirst, nonlinearity, x, h0, c0 });

  const results: Result[] = [];
  for (const [option, name] of EXPECTATIONS) {
    const expected = await array(option);
    if (expected !== undefined)
      results.push({ name, ...compare(option, answers.get(name) as NumberArray, expected) });
  }
  const isFine = results.every(({ error }) => error <= tolerance);
  if (words.flag('json')) terminal.line(printableJson(jsonAnswer(module, backend, tolerance, results)));
  else {
    const name = module.path === '' ? '' : `${printable(module.path)}: `;
    terminal.line(`${name}${describeModule(module)} on ${backend}`);
    for (const result of results) terminal.line(resultLine(result, tolerance));
    const [style, verdict] = isFine ? (['green', 'within'] as const) : (['red', 'beyond'] as const);
    terminal.line(terminal.style(style, `${verdict} the tolerance of ${tolerance}`));
    if (!isFine) for (const line of assumptions(module, x, batchFirst, nonlinearity)) terminal.line(line);
  }
  return isFine ? 0 : 1;
}

interface Result extends WorstError {
  readonly name: string;
}

function required(words: ParsedWords, option: string): string {
  const value = words.value(option);
  if (value === undefined) throw new UsageError(`--${option} is missing.`);
  return value;
}

function toleranceOf(words: ParsedWords): number {
  const text = words.value('tolerance');
  if (text === undefined) return DEFAULT_TOLERANCE;
  const tolerance = Number(text);
  if (text.trim() !== '' && tolerance >= 0 && Number.isFinite(tolerance)) return tolerance;
  throw new UsageError(`--tolerance is a number of at least 0, not ${text}.`);
}

/** The recurrent layer or cell at a path, or the only one. */
async function findModule(
  source: string,
  path: readonly string[] | undefined,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<RecurrentModule | CellModule> {
  const { tensors } = await describeSource(WHERE, source, { limits: resolveLimits(WHERE), path, signal });
  const modules = recogniseModules(tensors);
  // PyTorch's numbers judge what a class that is derived from torch's computes.
  const runnable = modules
    .map((module) => (module.kind === 'unknown' ? (module.like ?? module) : module))
    .filter((module) => module.kind === 'recurrent' || module.kind === 'cell');
  const found = wanted === undefined ? runnable : runnable.filter((module) => module.path === wanted);
  const [module] = found;
  if (module !== undefined && found.length === 1) return module;
  const paths = runnable.map((own) => show(own.path)).join(', ');
  const remedy = runnable.length > 0 ? `The file has recurrent layers at ${paths}` : undefined;
  if (wanted === undefined)
    throw new RangeError(
      message(WHERE, '--layer', 'one recurrent layer in the file', `${found.length}`, remedy),
    );
  const other = modules.find((own) => own.path === wanted);
  const what = other?.kind === 'unknown' ? other.doubts.join('; ') : other && describeModule(other);
  const got = what === undefined ? show(wanted) : `${show(wanted)}, ${what}`;
  throw new RangeError(message(WHERE, '--layer', 'the path of a recurrent layer', got, remedy));
}

/** The tensors of the layer itself, without those of modules inside it, such as the head of a subclass. */
function ownTensors(stateDict: StateDict, module: RecurrentModule | CellModule): StateDict {
  const keys = new Set(fileKeys(module));
  return new Map([...stateDict].filter(([key]) => keys.has(key)));
}

/** @throws UsageError for an option that this layer has no use for, since ignoring it would compare something else. */
function checkOptionsFit(words: ParsedWords, { torchName }: RecurrentModule | CellModule): void {
  const misfits = [
    ['c0', torchName.startsWith('LSTM'), 'an LSTM, which has a cell state'],
    ['expected-cn', torchName.startsWith('LSTM'), 'an LSTM, which has a cell state'],
    ['nonlinearity', torchName.startsWith('RNN'), 'an RNN'],
    ['batch-first', !torchName.endsWith('Cell'), 'a layer that runs over steps'],
  ] as const;
  for (const [option, fits, kind] of misfits) {
    if (words.flag(option) && !fits)
      throw new UsageError(`--${option} is for ${kind}, not for the ${torchName}.`);
  }
}

function compare(option: string, actual: NumberArray, expected: NumberArray): WorstError {
  if (`${actual.shape}` !== `${expected.shape}`) {
    const rule = `shape ${showShape(actual.shape)}, as the layer gives`;
    throw new RangeError(message(WHERE, `--${option}`, rule, showShape(expected.shape)));
  }
  if (expected.values.length === 0) {
    throw new RangeError(message(WHERE, `--${option}`, 'numbers to compare with', 'an empty array'));
  }
  return worstError(actual.values, expected.values, expected.shape);
}

function resultLine({ name, error, index, actual, expected }: Result, tolerance: number): string {
  const sign = error <= tolerance ? 'ok  ' : 'FAIL';
  return `${sign} ${name}: worst error ${error} at [${index.join(', ')}]: ${actual}, expected ${expected}`;
}

/** What the options said, or left at its default, of the things that the file does not store: a sentence each. */
function assumptions(
  { torchName }: RecurrentModule | CellModule,
  { shape }: NumberArray,
  batchFirst: boolean,
  nonlinearity: Nonlinearity,
): string[] {
  const isRnn = torchName === 'RNN' || torchName === 'RNNCell';
  const layouts = ['[T, B, ...]', '[B, T, ...]'];
  const [taken, other] = batchFirst ? layouts.reverse() : layouts;
  const flag = `${batchFirst ? 'without' : 'with'} --batch-first`;
  return [
    ...(shape.length === 3
      ? [
          `The file does not store batch_first: the arrays were read as ${taken}; ${flag} they are read as ${other}.`,
        ]
      : []),
    ...(isRnn
      ? [`The file does not store nonlinearity: ${nonlinearity} was taken; see --nonlinearity.`]
      : []),
  ];
}

/** The answer as JSON; NaN and infinities are text, because JSON has no numbers for them. */
function jsonAnswer(
  module: RecurrentModule | CellModule,
  backend: Backend,
  tolerance: number,
  results: readonly Result[],
) {
  const number = (value: number): number | string => (Number.isFinite(value) ? value : `${value}`);
  return {
    layer: module.path,
    torch: describeModule(module),
    backend,
    tolerance,
    ok: results.every(({ error }) => error <= tolerance),
    results: results.map((result) => ({
      ...result,
      error: number(result.error),
      actual: number(result.actual),
      expected: number(result.expected),
    })),
  };
}
