/** `verify` of a program of torch.export, which needs no module of the user's. */

import { message, show } from '../../../check.js';
import { openGraph } from '../../../program/archive/archive.js';
import { type UserInput, userInputs, userOutputs } from '../../../program/graph/interface.js';
import type { Program } from '../../../program/graph/types.js';
import { describeSource } from '../../../state-dict/describe.js';
import { readFor } from '../../../state-dict/read.js';
import { resolveLimits } from '../../../state-dict/rules/limits.js';
import { locate } from '../../../state-dict/sources/locate.js';
import { runSource } from '../../../state-dict/sources/read-source.js';
import { isInteger } from '../../../state-dict/tensors/int32.js';
import type { TorchDtype, TorchTensor } from '../../../state-dict/tensors/tensor.js';
import { PATH_WORDS, UsageError } from '../../options.js';
import { printablePath } from '../../printable.js';
import { publicWord } from '../../url.js';
import type { NumberArray } from '../arrays.js';
import { adviceOf, isClose } from '../diagnosis.js';
import { checkSame, expectationsOf, inOrder, OUTPUT } from '../expectations.js';
import { type Expectation, isSameShape, judge, judgedBy, numbersOf, shapeError } from '../judge.js';
import { LAYER_OPTIONS } from '../layer/mode.js';
import { withTfjs } from '../load-tfjs.js';
import { type Findings, fits, type Result } from '../report.js';
import type { Request } from '../request.js';
import type { Answers, Numbers } from '../rounding.js';

const WHERE = 'verify';

/** Whether the file that is to be verified is a program, which runs as a whole. */
export async function isProgram({ source, path, headers, signal }: Request): Promise<boolean> {
  const limits = resolveLimits(WHERE);
  const { format } = await describeSource(WHERE, source, {
    limits,
    path,
    words: PATH_WORDS,
    headers,
    signal,
  });
  return format === 'program';
}

export async function verifyProgram(request: Request): Promise<Findings> {
  const { words, source, headers, arrays, backend, tolerance, signal } = request;
  const program = await readGraph(request);
  const weights = await readFor(WHERE, source, { signal, headers }, PATH_WORDS);
  const inputs = await inOrder(words.values('input') ?? [], (text) => arrays.read('--input', text));
  checkInputs(program, inputs);
  const expectations = (await expectationsOf(words.values('expected') ?? [], arrays)).map((expectation) =>
    named(program, expectation),
  );
  const { ProgramRun } = await withTfjs(backend, () => import('./run-program.js'));
  const opened = await ProgramRun.open(program, request);
  const numbers = { weights, inputs };
  const run = (moved: Numbers) => opened.run(moved);
  const answers = await judgedBy(tolerance, numbers, run);
  checkSame(source, 'A call in it draws random numbers', answers.answers, await run(numbers));
  const results: Result[] = [];
  const advice: string[] = [];
  for (const expectation of expectations) {
    const { name, tensor } = expectation;
    const actual = answers.answers.get(name) as NumberArray;
    if (!isSameShape(actual.shape, tensor.shape)) throw shapeError(expectation, actual.shape);
    const result = judge(expectation, answers, tolerance, stepsOf(program, name), 0);
    results.push(result);
    if (fits(result) || advice.length > 0) continue;
    advice.push(...adviceOf(diagnose(expectation, actual, await opened.run(numbers, true)), []));
  }
  return {
    title: `${printablePath(publicWord(source))} on ${backend}`,
    about: { program: source, backend },
    tolerance,
    results,
    advice,
  };
}

/** The graph of the program, without its tensors. */
export function readGraph({ source, headers, signal }: Request): Promise<Program> {
  const limits = resolveLimits(WHERE);
  return runSource(locate(WHERE, source), { limits, headers, signal }, true, openGraph);
}

/** @throws UsageError for the options of one layer, or of a checkpoint. */
export function checkProgramOptions({ words }: Request): void {
  for (const option of [...LAYER_OPTIONS, 'path'])
    if (words.flag(option))
      throw new UsageError(
        `--${option} is for one layer: a program runs as a whole, or with --layer PATH one layer of its weights.`,
      );
}

/** @throws RangeError where there are not as many as the program takes; TypeError for one of another kind of number. */
export function checkInputs(program: Program, inputs: readonly TorchTensor[]): void {
  const wanted = userInputs(program).filter((input) => !('frozen' in input));
  if (wanted.length !== inputs.length) {
    const names = wanted.map(({ name }) => name).join(', ');
    const rule = `${wanted.length}, as the program takes (${names})`;
    throw new RangeError(message(WHERE, '--input', rule, `${inputs.length}`));
  }
  for (const [i, input] of wanted.entries()) checkKind(i, input, inputs[i] as TorchTensor);
}

function checkKind(place: number, { name, tensor }: UserInput, { dtype, shape }: TorchTensor): void {
  const what = `--input number ${place + 1} (${name})`;
  if (tensor === undefined) {
    if (shape.length > 0) throw new RangeError(message(WHERE, what, 'one number', `shape ${show(shape)}`));
  } else if (kindOf(tensor.dtype) !== kindOf(dtype))
    throw new TypeError(message(WHERE, what, `${kindOf(tensor.dtype)}, as the program takes`, dtype));
}

function kindOf(dtype: TorchDtype): string {
  if (dtype === 'BOOL') return 'booleans';
  return isInteger(dtype) ? 'integers' : 'floats';
}

/** An expectation with the name of the output that it is for. */
function named(program: Program, expectation: Expectation): Expectation {
  const names = userOutputs(program).map(({ name }) => name);
  const { name, option } = expectation;
  if (names.includes(name)) return expectation;
  const [only = '', ...others] = names;
  if (name === OUTPUT && others.length === 0) return { ...expectation, name: only };
  const got = name === OUTPUT ? 'none' : show(name);
  const rule = `the name of an output (${names.join(', ')})`;
  throw new RangeError(message(WHERE, option, rule, got, `Write --expected ${only}=FILE`));
}

/** Where an output has steps: on an open axis behind the batch. */
function stepsOf(program: Program, output: string) {
  const shape = userOutputs(program).find(({ name }) => name === output)?.tensor?.shape ?? [];
  return shape.length > 2 && typeof shape[1] === 'object' ? ({ axis: 1, directions: 1 } as const) : undefined;
}

/** A program that was exported in training computes other numbers there, such as those of a batch norm. */
function diagnose({ name, option, tensor }: Expectation, actual: NumberArray, training: Answers) {
  const expected = { shape: tensor.shape, values: numbersOf(option, tensor) };
  const isTraining = isClose(training.get(name) as NumberArray, expected);
  return {
    isClose: isClose(actual, expected),
    fitting: isTraining ? ['It fits in training: PyTorch ran the model without model.eval().'] : [],
    tried: ['the program in training'],
  };
}
