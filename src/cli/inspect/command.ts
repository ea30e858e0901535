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
import { examine } from './examine.js';
import { jsonReport } from './json-report.js';
import { writeReport } from './text-report.js';

export const inspect: Command = {
  name: 'inspect',
  summary: 'what a weight file holds, and the TypeScript that rebuilds it',
  usage: 'FILE|FOLDER|URL [options]',
  description: `What a weight file holds: its tensors, the torch modules that own them, and the TypeScript that rebuilds them.
Reads the descriptions alone, however large the file is.`,
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
  tfjs-torch-rnn inspect model.safetensors --code > model.mjs`,
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
  if (words.flag('json')) terminal.line(printableJson(jsonReport(found)));
  else if (words.flag('code')) terminal.line(found.code);
  else writeReport(terminal, found);
  return 0;
}
