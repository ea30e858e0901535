import { describeSource } from '../../state-dict/describe.js';
import { resolveLimits } from '../../state-dict/rules/limits.js';
import { recogniseModules } from '../../torch/recognise.js';
import { weightlessModules } from '../../torch/told/weightless.js';
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
import { rebuildingCode } from './code.js';
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
  const description = await describeSource(WHERE, source, {
    limits,
    path,
    words: PATH_WORDS,
    select,
    signal,
    headers: headersOf(words),
  });
  const modules = recogniseModules(description.tensors, description.modules);
  const refused = description.refused.keys();
  const ties = new Map<string, string>();
  for (const [name, { sameAs }] of description.tensors) if (sameAs !== undefined) ties.set(name, sameAs);
  const weightless =
    description.modules && weightlessModules(description.modules, description.tensors.keys());
  const code = rebuildingCode(modules, { source, path, select, refused, ties, weightless });
  const found = { source, description, modules, weightless: weightless ?? [], code };
  if (words.flag('json')) terminal.line(printableJson(jsonReport(found)));
  else if (words.flag('code')) terminal.line(code);
  else writeReport(terminal, found);
  return 0;
}
