import { readFileSync } from 'node:fs';
import type { Command, CommandContext, ExitCode } from './command.js';
import type { ParsedWords } from './options.js';
import { printableJson } from './printable.js';

/** Of the package, beside `dist` and `src`. */
const FILE = new URL('../../python/torch_rnn_export.py', import.meta.url);

export const exportScript: Command = {
  name: 'export-script',
  summary: 'the Python file that exports whole models with recurrent layers',
  usage: '[options]',
  description: `Prints torch_rnn_export.py, a Python file that needs torch alone. Its function export(model, args) does what
torch.export.export does, and keeps the sizes of recurrent layers and packed sequences symbolic.`,
  options: {},
  examples: `Example:
  tfjs-torch-rnn export-script > torch_rnn_export.py`,
  positionals: [],
  run,
};

async function run(words: ParsedWords, { terminal }: CommandContext): Promise<ExitCode> {
  const text = readFileSync(FILE, 'utf8');
  // A terminal ends the last line.
  terminal.line(words.flag('json') ? printableJson({ script: text }) : text.trimEnd());
  return 0;
}
