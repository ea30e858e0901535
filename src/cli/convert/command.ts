import { constants } from 'node:buffer';
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { message, show, showFirst } from '../../check.js';
import type { ReadLimits } from '../../state-dict/limits.js';
import { readStateDict } from '../../state-dict/read.js';
import type { ReadReport } from '../../state-dict/read-checkpoint.js';
import { type FloatDtype, roundFloats } from '../../state-dict/round-floats.js';
import type { StateDict, TorchDtype, TorchTensor } from '../../state-dict/types.js';
import type { Command, CommandContext, ExitCode } from '../command.js';
import { printable, printableJson, printableMessage } from '../printable.js';
import { plural, showBytes } from '../table.js';
import { choiceOf, type ParsedWords, pathOf, UsageError } from '../usage.js';
import { readProgress } from './progress.js';
import { renameAll } from './rename.js';
import { OUTPUT_FORMATS, type OutputFormat, writeVerified } from './write.js';

const HELP = `tfjs-torch-rnn convert IN OUT [options]

Writes the tensors of a weight file to another: a safetensors file, or JSON where OUT ends in .json. OUT is there whole or
not at all, and is read back and compared bit for bit before the command says so.

Options:
  --dtype f32|f16|bf16  what floats are rounded to, to nearest even; integers, booleans, complex numbers and floats of
                        8 bits stay as they are
  --select MODULE       only the tensors of this module; may be given again
  --strip PREFIX        drop this module path from the front of the names that begin with it
  --path KEYS           the dict to take of a checkpoint that holds several: keys joined by slashes, or a JSON list
  --to safetensors|json the format of OUT, whatever its name
  --force               replace OUT where it exists
  --json                say what was done as JSON, for scripts
  --help                this text
  --debug               show the stack of an error

Examples:
  tfjs-torch-rnn convert model.json model.safetensors
  tfjs-torch-rnn convert model.safetensors half.safetensors --dtype f16
  tfjs-torch-rnn convert checkpoint.json encoder.safetensors --path ema --select encoder --strip encoder`;

export const convert: Command = {
  name: 'convert',
  summary: 'to safetensors or JSON, to 16-bit floats, a part of a file',
  help: HELP,
  options: {
    dtype: { type: 'string' },
    select: { type: 'string', multiple: true },
    strip: { type: 'string' },
    path: { type: 'string' },
    to: { type: 'string' },
    force: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  positionals: ['IN', 'OUT'],
  run,
};

const WHERE = 'convert';

const DTYPES: Readonly<Record<string, FloatDtype>> = { f32: 'F32', f16: 'F16', bf16: 'BF16' };

async function run(words: ParsedWords, { terminal, signal }: CommandContext): Promise<ExitCode> {
  const [source = '', out = ''] = words.positionals;
  const to = choiceOf(words, 'to', OUTPUT_FORMATS) ?? formatOf(out);
  const dtype = choiceOf(words, 'dtype', Object.keys(DTYPES));
  const selected = words.values('select');
  const path = pathOf(words);
  checkOutput(source, out, words.flag('force'));

  let report: ReadReport | undefined;
  const read = await readStateDict(source, {
    path,
    select: selected.length > 0 ? selected : undefined,
    limits: LIMITS,
    signal,
    onProgress: readProgress(terminal),
    onReport: (taken) => {
      report = taken;
    },
  });
  const named = renameAll(read, words.value('strip'));
  const { stateDict, overflows, left } = roundAll(named, dtype === undefined ? undefined : DTYPES[dtype]);
  terminal.progress('writing');
  const bytes = await writeVerified(out, to, stateDict, report?.metadata, signal);
  terminal.progress(undefined);

  const warnings = [
    ...(report?.warnings ?? []),
    ...overflowWarnings(overflows),
    ...leftWarnings(left),
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
  terminal.line(`${printable(out)}: ${what}, read back and compared bit for bit`);
  return 0;
}

/** Who asks for a file to be converted means the whole of it, whatever it becomes: as much as one buffer can have. */
const LIMITS: ReadLimits = { maxBytes: constants.MAX_LENGTH, maxExpansion: Number.MAX_SAFE_INTEGER };

function formatOf(out: string): OutputFormat {
  if (/\.json$/i.test(out)) return 'json';
  if (/\.safetensors$/i.test(out)) return 'safetensors';
  throw new UsageError(`OUT ends in .safetensors or .json, or --to says what it is: got ${show(out)}.`);
}

/** Before anything is read: what cannot be written should not cost the reading of a large file. */
function checkOutput(source: string, out: string, force: boolean): void {
  const what = `OUT ${show(out)}`;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(out)) {
    throw new UsageError(`OUT is a path of this machine: got ${show(out)}.`);
  }
  const folder = statSync(dirname(out), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) {
    const got = folder ? 'something else' : 'none';
    throw new Error(message(WHERE, what, `a folder ${show(dirname(out))}`, got, 'Make it first: mkdir -p'));
  }
  const existing = statSync(out, { throwIfNoEntry: false });
  if (existing === undefined) return;
  if (!existing.isFile()) {
    const [got, remedy] = existing.isDirectory()
      ? ['a directory', 'Add a name to it']
      : ['a device or pipe', undefined];
    throw new Error(message(WHERE, what, 'the path of a file', got, remedy));
  }
  const isPartOfModel =
    isFolderOrIndex(source) && dirname(realpathSync(out)) === realPathOf(folderOf(source));
  if (isPartOfModel || realpathSync(out) === realPathOf(source)) {
    throw new Error(
      message(
        WHERE,
        what,
        'another file than IN',
        isPartOfModel ? 'one of its folder' : 'the same',
        'Choose another name',
      ),
    );
  }
  if (!force)
    throw new Error(message(WHERE, what, 'a path with no file', 'one', 'Pass --force to replace it'));
}

/** Whether a model may be in several files beside each other, of which none may be replaced while they are read. */
function isFolderOrIndex(source: string): boolean {
  return (
    /\.index\.json$/i.test(source) || statSync(source, { throwIfNoEntry: false })?.isDirectory() === true
  );
}

function folderOf(source: string): string {
  return /\.index\.json$/i.test(source) ? dirname(source) : source;
}

function realPathOf(source: string): string | undefined {
  try {
    return realpathSync(/^file:/i.test(source) ? fileURLToPath(source) : source);
  } catch {
    // No path at all, or that of no file, which reading will tell.
    return undefined;
  }
}

interface Rounding {
  readonly stateDict: StateDict;
  readonly overflows: ReadonlyMap<string, number>;
  /** Names of floats that were not rounded. */
  readonly left: readonly string[];
}

function roundAll(stateDict: StateDict, dtype: FloatDtype | undefined): Rounding {
  const overflows = new Map<string, number>();
  const left: string[] = [];
  if (dtype === undefined) return { stateDict, overflows, left };
  const rounded = new Map<string, TorchTensor>();
  for (const [name, tensor] of stateDict) {
    const result = roundFloats(WHERE, `tensor ${show(name)}`, tensor, dtype);
    rounded.set(name, result.tensor);
    if (result.tensor.dtype !== dtype && !isExact(tensor.dtype)) left.push(`${show(name)} (${tensor.dtype})`);
    if (result.overflows > 0) overflows.set(name, result.overflows);
  }
  return { stateDict: rounded, overflows, left };
}

/** Integers and booleans, which are never rounded. */
function isExact(dtype: TorchDtype): boolean {
  return /^([IU]\d+|BOOL)$/.test(dtype);
}

function leftWarnings(left: readonly string[]): string[] {
  if (left.length === 0) return [];
  const names = showFirst(left, (name) => name);
  return [
    `Left as they are, since --dtype rounds neither complex numbers nor floats of 8 bits and fewer: ${names}.`,
  ];
}

/** Tensors that are named; a file may have thousands. */
const SHOWN = 8;

function overflowWarnings(overflows: ReadonlyMap<string, number>): string[] {
  if (overflows.size === 0) return [];
  const total = [...overflows.values()].reduce((sum, count) => sum + count, 0);
  const shown = [...overflows].slice(0, SHOWN).map(([name, count]) => `${show(name)} (${count})`);
  const more = overflows.size > SHOWN ? `, ... ${overflows.size} tensors in all` : '';
  return [
    `${plural(total, 'finite element')} became infinite, beyond the range of the dtype: ${shown.join(', ')}${more}.`,
  ];
}
