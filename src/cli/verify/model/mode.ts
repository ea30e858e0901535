/** `verify` of a whole model, which a module of the user's makes of the state_dict. */

import { message, show } from '../../../check.js';
import { readFor } from '../../../state-dict/read.js';
import { UsageError } from '../../options.js';
import { printable } from '../../printable.js';
import type { ArrayFiles } from '../arrays.js';
import { type Expectation, judge, judgedBy } from '../judge.js';
import { LAYER_OPTIONS } from '../layer/mode.js';
import { withTfjs } from '../load-tfjs.js';
import { type Findings, fits } from '../report.js';
import type { Request } from '../request.js';
import { OUTPUT } from './output.js';

const WHERE = 'verify';

/** `NAME=FILE`; the `=` of a path or URL stands behind a separator. */
const NAMED = /^([^/\\:=]+)=(.+)$/s;

/** @param file  the module of the user's. */
export async function verifyModel(file: string, request: Request): Promise<Findings> {
  const { words, source, path, headers, arrays, backend, tolerance, signal } = request;
  for (const option of LAYER_OPTIONS)
    if (words.flag(option))
      throw new UsageError(`--${option} is for one layer, not for a model of --module.`);
  const weights = await readFor(WHERE, source, { path, signal, headers });
  const inputs = await inOrder(words.values('input') ?? [], (text) => arrays.read('--input', text));
  const expectations = await expectationsOf(words.values('expected') ?? [], arrays);
  const { importModel, runModel } = await withTfjs(backend, () => import('./run-model.js'));
  const hear = onceHeard();
  const made = await hear(() => importModel(file));
  const names = expectations.map(({ name }) => name);
  const answers = await judgedBy(tolerance, { weights, inputs }, (numbers) =>
    hear(() => runModel(made, numbers, names)),
  );
  // In the order in which the model computes them.
  const results = [...answers.answers].flatMap(([name, { shape }]) => {
    const expectation = expectations.find((own) => own.name === name);
    const steps = shape.length > 2 ? ({ axis: 1, directions: 1 } as const) : undefined;
    return expectation ? [judge(expectation, answers, tolerance, steps)] : [];
  });
  const off = results.filter((result) => !fits(result));
  return {
    title: `${printable(file)} on ${backend}`,
    about: { module: file, backend },
    tolerance,
    results: results.map((result) => ({ ...result, name: result.name === OUTPUT ? 'output' : result.name })),
    advice: off[0] === undefined ? [] : [adviceFor(off[0].name, results.length)],
  };
}

function adviceFor(firstOff: string, compared: number): string {
  return compared > 1
    ? `The first that differs is ${firstOff === OUTPUT ? 'the output' : show(firstOff)}.`
    : 'Give what PyTorch has after inner layers as well, --expected NAME=FILE, to find the first that differs.';
}

async function expectationsOf(texts: readonly string[], arrays: ArrayFiles): Promise<Expectation[]> {
  const expectations = await inOrder(texts, async (text): Promise<Expectation> => {
    const [, name = OUTPUT, file = text] = NAMED.exec(text) ?? [];
    const option = name === OUTPUT ? '--expected' : `--expected ${name}`;
    return { option, name, tensor: await arrays.read(option, file) };
  });
  const names = expectations.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new RangeError(
      message(
        WHERE,
        '--expected',
        'each name once',
        twice === OUTPUT ? 'two files without a name' : `${show(twice)} twice`,
      ),
    );
  return expectations;
}

/** One after the other: files are read once, and errors are told in the order of the words. */
async function inOrder<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await each(item));
  return results;
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
