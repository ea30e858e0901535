/** `verify` of a whole model, which a module of the user's makes of the state_dict. */

import { show } from '../../../check.js';
import { readFor } from '../../../state-dict/read.js';
import { PATH_WORDS, UsageError } from '../../options.js';
import { printablePath } from '../../printable.js';
import type { NumberArray } from '../arrays.js';
import { adviceOf, type Diagnosis } from '../diagnosis.js';
import { checkSame, expectationsOf, inOrder, OUTPUT } from '../expectations.js';
import { type Expectation, isSameShape, judge, judgedBy, numbersOf, shapeError } from '../judge.js';
import { LAYER_OPTIONS } from '../layer/mode.js';
import { withTfjs } from '../load-tfjs.js';
import { type Findings, fits, type Result } from '../report.js';
import type { Request } from '../request.js';
import type { Numbers } from '../rounding.js';
import { paddingClue } from './padding.js';

const WHERE = 'verify';

/** What gives other numbers in each run: new random weights, or dropout. */
const RANDOM_REMEDY =
  'A function that is exported loads its layers itself, loadStateDict(layers, stateDict), and runs them without dropout';

/** @param file  the module of the user's. */
export async function verifyModel(file: string, request: Request): Promise<Findings> {
  const { words, source, path, headers, arrays, backend, tolerance, signal } = request;
  for (const option of LAYER_OPTIONS)
    if (words.flag(option))
      throw new UsageError(`--${option} is for one layer, not for a model of --module.`);
  const weights = await readFor(WHERE, source, { path, signal, headers }, PATH_WORDS);
  const inputs = await inOrder(words.values('input') ?? [], (text) => arrays.read('--input', text));
  const expectations = await expectationsOf(words.values('expected') ?? [], arrays);
  const { importModel, runModel } = await withTfjs(backend, () => import('./run-model.js'));
  const hear = onceHeard();
  const make = await hear(() => importModel(file));
  const numbers = { weights, inputs };
  const wanted = expectations.map(({ name, tensor }) => ({ name, rank: tensor.shape.length }));
  const run = (moved: Numbers) => hear(() => runModel(make, moved, wanted));
  const answers = await judgedBy(tolerance, numbers, run);
  checkSame(`--module ${file}`, RANDOM_REMEDY, answers.answers, await run(numbers));
  const explain = async ({ option, name, tensor }: Expectation): Promise<Diagnosis> => {
    const { diagnose } = await import('./variants.js');
    const actual = answers.answers.get(name) as NumberArray;
    const expected = { shape: tensor.shape, values: numbersOf(option, tensor) };
    const of = { make, numbers, wanted: { name, rank: tensor.shape.length }, actual, expected };
    return hear(() => diagnose(of));
  };
  const results: Result[] = [];
  const advice: string[] = [];
  // In the order in which the model computes them.
  for (const [name, actual] of answers.answers) {
    const expectation = expectations.find((own) => own.name === name);
    if (!expectation) continue;
    const { shape } = expectation.tensor;
    if (!isSameShape(actual.shape, shape))
      throw shapeError(expectation, actual.shape, (await explain(expectation)).fitting);
    const steps = shape.length > 2 ? ({ axis: 1, directions: 1 } as const) : undefined;
    const result = judge(expectation, answers, tolerance, steps, shape.length > 1 ? 0 : undefined);
    results.push({ ...result, name: name === OUTPUT ? 'output' : name });
    if (fits(result) || advice.length > 0) continue;
    const clue = paddingClue(result.rows, inputs);
    const found = adviceOf(await explain(expectation), []);
    advice.push(adviceFor(name, expectations.length), ...(clue === undefined ? [] : [clue]), ...found);
  }
  return {
    title: `${printablePath(file)} on ${backend}`,
    about: { module: file, backend },
    tolerance,
    results,
    advice,
  };
}

function adviceFor(firstOff: string, compared: number): string {
  return compared > 1
    ? `The first that differs is ${firstOff === OUTPUT ? 'the output' : show(firstOff)}.`
    : 'Give what PyTorch has after inner layers as well, --expected NAME=FILE, to find the first that differs.';
}

type Hear = <T>(run: () => Promise<T>) => Promise<T>;

/**
 * Lets the warnings of the user's module through once: it may load its layers when it is imported, and does so in each run. From the
 * second run on all are known.
 */
function onceHeard(): Hear {
  const heard = new Set<string>();
  let calls = 0;
  return async (run) => {
    const { warn } = console;
    const isNew = calls++ < 2;
    console.warn = (...words: unknown[]) => {
      const text = words.join(' ');
      if (isNew && !heard.has(text)) warn(...words);
      heard.add(text);
    };
    try {
      return await run();
    } finally {
      console.warn = warn;
    }
  };
}
