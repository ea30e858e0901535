import { constants } from 'node:buffer';
import fs from 'node:fs/promises';
import { readFor } from '../../state-dict/read.js';
import type { ReadReport } from '../../state-dict/report.js';
import type { ReadLimits } from '../../state-dict/rules/limits.js';
import type { FloatDtype } from '../../state-dict/tensors/round-floats.js';
import type { Command, CommandContext, ExitCode } from '../command.js';
import {
  choiceOf,
  HTTP_OPTIONS,
  headersOf,
  PART_OPTIONS,
  PATH_WORDS,
  type ParsedWords,
  pathOf,
} from '../options.js';
import { printableJson, printableMessage, printablePath } from '../printable.js';
import { plural, showBytes } from '../table.js';
import { readProgress } from '../terminal.js';
import { checkCopies } from './expansion.js';
import { checkOutput, formatOf } from './output.js';
import { renameAll, roundAll, roundingWarnings } from './transform.js';
import { OUTPUT_FORMATS, writeVerified } from './write.js';

const DTYPES: Readonly<Record<string, FloatDtype>> = { f32: 'F32', f16: 'F16', bf16: 'BF16' };

export const convert: Command = {
  name: 'convert',
  summary: 'to safetensors or JSON, to 16-bit floats, a part of a file',
  usage: 'IN OUT [options]',
  description: `Writes the tensors of a weight file to another: a safetensors file, or JSON where OUT ends in .json. OUT is
there whole or not at all, and is read back and compared bit for bit before the command says so.`,
  options: {
    dtype: {
      argument: Object.keys(DTYPES).join('|'),
      help:
        'what floats are rounded to, to nearest even; integers, booleans, complex numbers and floats of 8 bits stay ' +
        'as they are',
    },
    ...PART_OPTIONS,
    ...HTTP_OPTIONS,
    strip: {
      argument: 'PREFIX',
      help: 'drop this module path from the front of the names that begin with it',
    },
    to: { argument: OUTPUT_FORMATS.join('|'), help: 'the format of OUT, whatever its name' },
    force: { help: 'replace OUT where it exists' },
  },
  examples: `Examples:
  tfjs-torch-rnn convert model.json model.safetensors
  tfjs-torch-rnn convert model.safetensors half.safetensors --dtype f16
  tfjs-torch-rnn convert checkpoint.json encoder.safetensors --path ema --select encoder --strip encoder`,
  positionals: ['IN', 'OUT'],
  run,
};

async function run(words: ParsedWords, { terminal, signal }: CommandContext): Promise<ExitCode> {
  const [source = '', out = ''] = words.positionals;
  const to = choiceOf(words, 'to', OUTPUT_FORMATS) ?? formatOf(out);
  const dtype = choiceOf(words, 'dtype', Object.keys(DTYPES));
  const force = words.flag('force');
  await checkOutput(fs, source, out, force);

  let report: ReadReport | undefined;
  const options = {
    path: pathOf(words),
    select: words.values('select'),
    limits: LIMITS,
    signal,
    headers: headersOf(words),
    onProgress: readProgress(terminal),
    onReport: (taken: ReadReport) => {
      report = taken;
    },
  };
  const read = await readFor('convert', source, options, PATH_WORDS);
  checkCopies(read);
  const named = renameAll(read, words.value('strip'));
  const rounding = roundAll(named, dtype === undefined ? undefined : DTYPES[dtype]);
  const { stateDict, overflows } = rounding;
  terminal.progress('writing');
  const bytes = await writeVerified(fs, out, to, stateDict, report?.metadata, { signal, force });
  terminal.progress(undefined);

  const warnings = [
    ...(report?.warnings ?? []),
    ...roundingWarnings(rounding),
    ...(to === 'json' && report?.metadata ? ['JSON has no place for the metadata: it was left out.'] : []),
  ];
  if (words.flag('json')) {
    const lost = [...overflows].map(([name, count]) => ({ name, count }));
    const tensors = stateDict.size;
    terminal.line(printableJson({ out, format: to, tensors, bytes, overflows: lost, warnings }));
    return 0;
  }
  for (const warning of warnings)
    terminal.note(`${terminal.noteStyle('yellow', 'warning:')} ${printableMessage(warning)}`);
  const what = `${plural(stateDict.size, 'tensor')}, ${showBytes(bytes)}`;
  terminal.line(`${printablePath(out)}: ${what}, read back and compared bit for bit`);
  return 0;
}

/** A conversion takes the whole file, whatever its size: as much as one buffer can have. */
const LIMITS: ReadLimits = { maxBytes: constants.MAX_LENGTH };
