/** `verify` of one recurrent layer or cell of a file. */

import { message, show } from '../../../check.js';
import { withDerived } from '../../../matching/reparametrised/with-derived.js';
import { describeSource } from '../../../state-dict/describe.js';
import { joinPath } from '../../../state-dict/keys.js';
import { readFor } from '../../../state-dict/read.js';
import { resolveLimits } from '../../../state-dict/rules/limits.js';
import { float32Of } from '../../../state-dict/tensors/float32.js';
import type { StateDict, TorchTensor } from '../../../state-dict/tensors/tensor.js';
import { NONLINEARITIES, type Nonlinearity } from '../../../torch/cells.js';
import {
  type CellModule,
  describeModule,
  fileKeys,
  type RecognisedModule,
  type RecurrentModule,
} from '../../../torch/modules.js';
import { recogniseModules } from '../../../torch/recognise.js';
import { choiceOf, PATH_WORDS, type ParsedWords, UsageError } from '../../options.js';
import { printable } from '../../printable.js';
import { isUrl } from '../../url.js';
import type { Steps } from '../compare.js';
import { adviceOf, type Diagnosis } from '../diagnosis.js';
import { type Expectation, judge, judgedBy } from '../judge.js';
import { withTfjs } from '../load-tfjs.js';
import { type Findings, fits, type Result } from '../report.js';
import type { Request } from '../request.js';
import { firstSteps, lengthsOf } from './lengths.js';
import type { LayerCall } from './run-layer.js';
import { diagnose } from './variants.js';

const WHERE = 'verify';

const DEFAULT_NONLINEARITY: Nonlinearity = 'tanh';

/** Options that only one layer has. */
export const LAYER_OPTIONS = [
  'expected-hn',
  'expected-cn',
  'layer',
  'h0',
  'c0',
  'lengths',
  'batch-first',
  'nonlinearity',
] as const;

/** The results that are compared, by the option that names the file with PyTorch's. */
const EXPECTATIONS = [
  ['expected', 'output'],
  ['expected-hn', 'hn'],
  ['expected-cn', 'cn'],
] as const;

export async function verifyLayer(request: Request): Promise<Findings> {
  const { words, arrays, backend, tolerance } = request;
  for (const option of ['input', 'expected'])
    if ((words.values(option)?.length ?? 0) > 1)
      throw new UsageError(`--${option} is given twice: more than one is for --module.`);
  const nonlinearity = choiceOf(words, 'nonlinearity', NONLINEARITIES) ?? DEFAULT_NONLINEARITY;
  const { module, weights } = await readLayer(request);
  checkOptionsFit(words, module);
  const batchFirst = words.flag('batch-first');
  const array = async (option: string): Promise<TorchTensor | undefined> => {
    const text = words.value(option);
    return text === undefined ? undefined : arrays.read(`--${option}`, text);
  };
  const inputs: (TorchTensor | undefined)[] = [];
  for (const option of ['input', 'h0', 'c0']) {
    const tensor = await array(option);
    inputs.push(tensor && floats(`--${option}`, tensor));
  }
  const [x] = inputs as [TorchTensor];
  const given = await array('lengths');
  const lengths = given && lengthsOf(given, x, batchFirst ? 0 : 1);
  const call: LayerCall = { module, nonlinearity, batchFirst, lengths };
  checkStates(call, inputs);
  const expectations: Expectation[] = [];
  for (const [option, name] of EXPECTATIONS) {
    const tensor = await array(option);
    if (tensor) expectations.push({ option: `--${option}`, name, tensor });
  }
  const [output] = expectations as [Expectation];
  if (lengths) inputs[0] = asFarAs(output.tensor, x, lengths, batchFirst ? 1 : 0);
  const numbers = { weights, inputs };
  const { runLayer } = await withTfjs(backend, () => import('./run-layer.js'));
  const answers = await judgedBy(tolerance, numbers, (moved) => runLayer(call, moved));
  const results = expectations.map((expectation) =>
    judge(
      expectation,
      answers,
      tolerance,
      ...(expectation.name === 'output' ? axesOf(call, expectation.tensor) : ([] as [])),
    ),
  );
  return {
    title: `${module.path === '' ? '' : `${printable(module.path)}: `}${describeModule(module)} on ${backend}`,
    about: { layer: module.path, torch: describeModule(module), backend },
    tolerance,
    results,
    advice: fits(results[0] as Result)
      ? []
      : adviceFor(call, diagnose(call, numbers, output.tensor), inputs[1] !== undefined),
  };
}

/** The steps of x that pad_packed_sequence gives, which are those of the longest row unless it is told more. */
function asFarAs(
  output: TorchTensor,
  x: TorchTensor,
  lengths: readonly number[],
  stepsAxis: 0 | 1,
): TorchTensor {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  return output.shape[stepsAxis] === longest ? firstSteps(x, stepsAxis, longest) : x;
}

/** @throws RangeError where the states have as many rows as the input has in the other layout. */
function checkStates(
  { module, batchFirst }: LayerCall,
  [x, ...states]: readonly (TorchTensor | undefined)[],
): void {
  if (module.kind === 'cell' || x?.shape.length !== 3) return;
  const [other, rows] = batchFirst ? x.shape.slice(0, 2).reverse() : x.shape;
  for (const [i, state] of states.entries()) {
    const found = state?.shape[1];
    if (state?.shape.length !== 3 || found === rows || found !== other) continue;
    const remedy = `${batchFirst ? 'Without' : 'With'} --batch-first the input has ${found} rows`;
    throw new RangeError(
      message(WHERE, `--${['h0', 'c0'][i]}`, `${rows} rows, as the input has`, `${found}`, remedy),
    );
  }
}

function floats(option: string, tensor: TorchTensor): TorchTensor {
  return { dtype: 'F32', shape: tensor.shape, data: float32Of(WHERE, option, tensor) };
}

/** Where an output has its steps, and its rows. */
function axesOf({ module, batchFirst }: LayerCall, { shape }: TorchTensor): [Steps?, number?] {
  if (module.kind === 'cell') return [];
  const directions = module.args.bidirectional ? 2 : 1;
  if (shape.length < 3) return [{ axis: 0, directions }];
  return batchFirst ? [{ axis: 1, directions }, 0] : [{ axis: 0, directions }, 1];
}

function adviceFor(call: LayerCall, diagnosis: Diagnosis, hasState: boolean): string[] {
  const isRnn = call.module.torchName.startsWith('RNN');
  return adviceOf(diagnosis, [
    ...(hasState ? [] : ['An initial state other than zeros is given with --h0.']),
    ...(isRnn ? [`The file does not store nonlinearity: ${call.nonlinearity} was taken.`] : []),
  ]);
}

interface ReadLayer {
  readonly module: RecurrentModule | CellModule;
  /** The tensors of the layer itself, without those of modules inside it, such as the head of a subclass. */
  readonly weights: StateDict;
}

/** The recurrent layer or cell at a path, or the only one. */
async function readLayer({ source, path, headers, words, signal }: Request): Promise<ReadLayer> {
  const wanted = words.value('layer');
  if (isUrl(source)) {
    // Whole, and once: not every server serves parts.
    const file = await readFor(WHERE, source, { path, signal, headers }, PATH_WORDS);
    return ownTensors(file, choose(recogniseModules(file), wanted));
  }
  const { tensors } = await describeSource(WHERE, source, {
    limits: resolveLimits(WHERE),
    path,
    words: PATH_WORDS,
    signal,
  });
  const module = choose(recogniseModules(tensors), wanted);
  return ownTensors(
    await readFor(WHERE, source, { path, select: fileKeys(module), signal }, PATH_WORDS),
    module,
  );
}

/** As the module computes with them, where the file stores some of them as other tensors. */
function ownTensors(file: StateDict, module: RecurrentModule | CellModule): ReadLayer {
  const { stateDict } = withDerived(WHERE, file);
  const keys = new Set([...module.shapes.keys()].map((name) => joinPath(module.path, name)));
  return { module, weights: new Map([...stateDict].filter(([key]) => keys.has(key))) };
}

function choose(
  modules: readonly RecognisedModule[],
  wanted: string | undefined,
): RecurrentModule | CellModule {
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

/** @throws UsageError for an option that this layer has no use for, since ignoring it would compare something else. */
function checkOptionsFit(words: ParsedWords, { torchName }: RecurrentModule | CellModule): void {
  const misfits = [
    ['c0', torchName.startsWith('LSTM'), 'an LSTM, which has a cell state'],
    ['expected-cn', torchName.startsWith('LSTM'), 'an LSTM, which has a cell state'],
    ['nonlinearity', torchName.startsWith('RNN'), 'an RNN'],
    ['batch-first', !torchName.endsWith('Cell'), 'a layer that runs over steps'],
    ['lengths', !torchName.endsWith('Cell'), 'a layer that runs over steps'],
  ] as const;
  for (const [option, isFitting, kind] of misfits) {
    if (words.flag(option) && !isFitting)
      throw new UsageError(`--${option} is for ${kind}, not for the ${torchName}.`);
  }
}
