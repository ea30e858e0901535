import { NONLINEARITIES } from '../../torch/cells.js';
import type { Command, CommandContext, ExitCode } from '../command.js';
import {
  choiceOf,
  HTTP_OPTIONS,
  headersOf,
  PART_OPTIONS,
  type ParsedWords,
  pathOf,
  UsageError,
} from '../options.js';
import { ArrayFiles } from './arrays.js';
import { verifyLayer } from './layer/mode.js';
import { BACKENDS } from './load-tfjs.js';
import { verifyModel } from './model/mode.js';
import { checkProgramOptions, isProgram, verifyProgram } from './program/mode.js';
import { runSample } from './program/sample.js';
import { type Findings, writeFindings } from './report.js';
import type { Request } from './request.js';

export const verify: Command = {
  name: 'verify',
  summary: "the output of a layer or a model against PyTorch's",
  usage: 'FILE --input X --expected Y [options]',
  description: `Runs a recurrent layer or cell of a weight file on an input, and compares the result with what PyTorch gave; with
--module a whole model. Exit code 1 where they differ by more than rounding to float32 can do: the model runs again
with its numbers moved by a unit in the last place, and how far the results move is what rounding can do. It needs
@tensorflow/tfjs beside this package.

X, Y and the states are files with one array: what numpy.save writes, or FILE#NAME for one of several. The layout
is torch's: [T, B, I], [B, T, I] with --batch-first, [T, I] without a batch; of a cell [B, I] or [I]. Where the
numbers differ, other layouts, lengths, orders of gates and equations are tried, of a model also masks, steps, axes and
activations, and those that fit are named.

MODEL is a JavaScript module. It exports, as default or as model, a function from the state_dict to a tf model or to a
function of tensors; or a tf model, into which FILE is loaded. Its arrays are in the model's own layout.

A program of torch.export (.pt2) runs as it is, without --module: --input is given once for each input in their order,
in torch's layout, and --expected once or as NAME=Y for the outputs that inspect names. --sample runs it on the inputs
with which it was exported: exit code 1 where an output has another shape than the graph says, or a NaN.`,
  options: {
    input: {
      argument: 'X',
      multiple: true,
      help: 'the input; of a model or a program once for each input, in their order',
    },
    expected: {
      argument: 'Y',
      multiple: true,
      help: "PyTorch's output; with --module also NAME=Y for the layer NAME, or for what the function returns as NAME; of a program for its output NAME",
    },
    sample: { help: "run a program on the inputs that are stored in it; PyTorch's results are not" },
    module: { argument: 'MODEL', help: 'the module that makes the whole model' },
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
    ...HTTP_OPTIONS,
    h0: { argument: 'H', help: 'the initial state, [L*D, B, H] as torch takes it. Default: zeros' },
    c0: { argument: 'C', help: 'the initial cell state of an LSTM. Default: zeros' },
    lengths: {
      argument: 'N',
      help: "the lengths of the rows, integers [B], where PyTorch packs the sequence; in the order of --input's rows",
    },
    'batch-first': { help: 'the arrays are [B, T, ...], as with batch_first=True' },
    nonlinearity: { argument: NONLINEARITIES.join('|'), help: `of an RNN. Default: ${NONLINEARITIES[0]}` },
    tolerance: { argument: 'N', help: 'largest absolute error that is fine. Default: what rounding can do' },
    backend: { argument: BACKENDS.join('|'), help: `what the layer runs on. Default: ${BACKENDS[0]}` },
  },
  examples: `Examples, after numpy.save("x.npy", x.numpy()) and numpy.save("y.npy", gru(x)[0].detach().numpy()) in Python:
  tfjs-torch-rnn verify model.safetensors --layer gru --input x.npy --expected y.npy --batch-first
  tfjs-torch-rnn verify model.safetensors --module model.mjs --input x.npy --expected gru=y.npy --expected logits.npy
  tfjs-torch-rnn verify model.pt2 --input ids.npy --input lengths.npy --expected logits.npy
  tfjs-torch-rnn verify model.pt2 --sample`,
  positionals: ['FILE'],
  run,
};

async function run(words: ParsedWords, { terminal, signal }: CommandContext): Promise<ExitCode> {
  const [source = ''] = words.positionals;
  const isSample = words.flag('sample');
  for (const option of ['input', 'expected', ...(isSample ? ['module', 'tolerance'] : [])])
    if (words.flag(option) === isSample)
      throw new UsageError(isSample ? `--sample runs without --${option}.` : `--${option} is missing.`);
  const request: Request = {
    words,
    source,
    path: pathOf(words),
    headers: headersOf(words),
    arrays: new ArrayFiles(signal),
    backend: choiceOf(words, 'backend', BACKENDS) ?? BACKENDS[0],
    tolerance: toleranceOf(words),
    signal,
  };
  if (isSample) {
    checkProgramOptions(request);
    return runSample(request, terminal);
  }
  return writeFindings(terminal, await findingsOf(request), words.flag('json'));
}

async function findingsOf(request: Request): Promise<Findings> {
  const { words } = request;
  const module = words.value('module');
  if (module !== undefined) return verifyModel(module, request);
  if (words.flag('layer') || !(await isProgram(request))) return verifyLayer(request);
  checkProgramOptions(request);
  return verifyProgram(request);
}

function toleranceOf(words: ParsedWords): number | undefined {
  const text = words.value('tolerance');
  if (text === undefined) return undefined;
  const tolerance = Number(text);
  if (text.trim() !== '' && tolerance >= 0 && Number.isFinite(tolerance)) return tolerance;
  throw new UsageError(`--tolerance is a number of at least 0, not ${text}.`);
}
