import { resolveLimits } from '../../state-dict/rules/limits.js';
import type { Command, CommandContext, ExitCode } from '../command.js';
import {
  HTTP_OPTIONS,
  headersOf,
  PART_OPTIONS,
  PATH_WORDS,
  type ParsedWords,
  pathOf,
  UsageError,
} from '../options.js';
import { printableJson } from '../printable.js';
import { examine, type Found } from './examine.js';
import { jsonReport } from './json-report.js';
import { describeProgram, type ProgramDescription } from './program/describe.js';
import { programCode } from './program/report.js';
import { writeReport } from './text-report.js';

export const inspect: Command = {
  name: 'inspect',
  summary: 'what a weight file holds, and the TypeScript that rebuilds it',
  usage: 'FILE|FOLDER|URL [options]',
  description: `What a weight file holds: its tensors, the torch modules that own them, and the TypeScript that rebuilds them.
Reads the descriptions alone, however large the file is. Of a program of torch.export (.pt2) also its inputs and outputs,
the calls of each module, and the ops that this package lacks; for these it needs @tensorflow/tfjs. It exits with 1 where
readExportedProgram refuses the program.`,
  options: {
    ...PART_OPTIONS,
    ...HTTP_OPTIONS,
    code: {
      help: 'only the code, an ES module that TypeScript takes too: name it .mjs where package.json has no "type": "module"',
    },
  },
  examples: `Examples:
  tfjs-torch-rnn inspect model.safetensors
  tfjs-torch-rnn inspect https://example.org/model.safetensors --select encoder.gru
  tfjs-torch-rnn inspect model.safetensors --code > model.mjs
  tfjs-torch-rnn inspect model.pt2`,
  positionals: ['FILE'],
  run,
};

const WHERE = 'inspect';

async function run(words: ParsedWords, { terminal, signal }: CommandContext): Promise<ExitCode> {
  const [source = ''] = words.positionals;
  if (words.flag('json') && words.flag('code'))
    throw new UsageError('--json has the code in it: leave out --code.');
  const select = words.values('select');
  const path = pathOf(words);
  const limits = resolveLimits(WHERE);
  const found = await examine(WHERE, source, source, {
    limits,
    path,
    words: PATH_WORDS,
    select,
    signal,
    headers: headersOf(words),
  });
  const program = await programOf(found, words, signal);
  const isAsked = program !== undefined && path === undefined && select === undefined;
  const isRefused = isAsked && program.refusal !== null;
  // What is left of a program without its graph, and of one that is refused, are weights.
  const isWhole = isAsked && !isRefused;
  const shown = isWhole ? { ...found, code: programCode(source, program) } : found;
  if (words.flag('json')) terminal.line(printableJson({ ...jsonReport(shown), ...(program && { program }) }));
  else if (words.flag('code')) terminal.line(shown.code);
  else writeReport(terminal, shown, program);
  return isRefused ? 1 : 0;
}

async function programOf(
  { source, description }: Found,
  words: ParsedWords,
  signal: AbortSignal,
): Promise<ProgramDescription | undefined> {
  if (description.format !== 'program') return undefined;
  return describeProgram(WHERE, source, { signal, headers: headersOf(words) });
}
