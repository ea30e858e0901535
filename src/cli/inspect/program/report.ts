/** The text and the code of `inspect` for a program. Everything that comes from the file is made printable here. */

import { show } from '../../../check.js';
import { printable, printableSentence, stringLiteral } from '../../printable.js';
import { plural, tableLines } from '../../table.js';
import type { Terminal } from '../../terminal.js';
import type { Port, ProgramDescription } from './describe.js';

/** The code that reads a program. */
export function programCode(source: string, { inputs, outputs }: ProgramDescription): string {
  const list = (ports: readonly Port[]) => ports.map(textOf).map(printableSentence).join('; ');
  return [
    "import '@tensorflow/tfjs';",
    "import { readExportedProgram } from 'tfjs-torch-rnn/program';",
    '',
    `// program.forward takes: ${list(inputs) || 'nothing'}. It gives: ${list(outputs)}. I64 is int32 here.`,
    `export const program = await readExportedProgram(${stringLiteral(source)});`,
  ].join('\n');
}

/** `ids I64 [s77, 6]`, `scale = 2, frozen`. */
function textOf({ name, dtype, shape, frozen }: Port): string {
  if (frozen !== undefined) return `${name} = ${show(frozen)}, frozen`;
  return shape ? `${name} ${dtype} [${shape.join(', ')}]` : `${name}, a number`;
}

export function writeProgram(terminal: Terminal, program: ProgramDescription): void {
  const { inputs, outputs, ranges, modules } = program;
  const calls = modules.flatMap((module) => module.calls).reduce((sum, { count }) => sum + count, 0);
  const title = terminal.style('bold', 'program');
  terminal.line(`\n${title} of torch ${printable(program.torch)}: ${plural(calls, 'call')}`);
  const rows = [
    ...inputs.map((port) => rowOf('input', port)),
    ...outputs.map((port) => rowOf('output', port)),
  ];
  const [titles = '', ...lines] = tableLines(COLUMNS, rows);
  terminal.line([terminal.style('bold', titles), ...lines].join('\n'));
  for (const { symbol, min, max } of ranges)
    terminal.line(`${printable(symbol)} is ${max === null ? `${min} or more` : `${min} to ${max}`}`);
  terminal.line(`\n${terminal.style('bold', 'calls')}`);
  for (const { module, calls: own } of modules) {
    const texts = own.map(({ target, count }) => `${printable(target)}${count > 1 ? ` (${count})` : ''}`);
    terminal.line(`${module === '' ? '(root)' : printable(module)}: ${texts.join(', ')}`);
  }
  terminal.line();
  writeLacks(terminal, program);
}

const COLUMNS = ['', 'name', 'dtype', 'shape', ''].map((title) => ({ title }));

function rowOf(kind: string, { name, dtype, shape, frozen }: Port): string[] {
  const isFrozen = frozen !== undefined;
  const value = isFrozen ? printable(show(frozen)) : 'a number';
  const fixed = (shape ?? []).flatMap((size, axis) => (typeof size === 'number' ? [axis] : []));
  const sizes = `fixed: ${fixed.length === 1 ? 'axis' : 'axes'} ${fixed.join(', ')}`;
  return [
    kind,
    printable(name),
    dtype ?? '',
    shape ? printable(`[${shape.join(', ')}]`) : value,
    isFrozen ? 'frozen: no other value is taken' : kind === 'input' && fixed.length > 0 ? sizes : '',
  ];
}

function writeLacks(terminal: Terminal, { missing, refusal }: ProgramDescription): void {
  if (missing === null) {
    terminal.line('Whether ops are missing is not known without tfjs. Run: npm install @tensorflow/tfjs');
    return;
  }
  if (refusal === null) terminal.line(terminal.style('green', 'No op is missing.'));
  for (const { target, count, source, module } of missing) {
    const at = [module, source].flatMap((text) => (text ? [printableSentence(text)] : []));
    const where = at.length > 0 ? `, first in ${at.join(', ')}` : '';
    const label = terminal.style('yellow', 'missing:');
    terminal.line(`${label} ${printable(target)}, ${plural(count, 'call')}${where}`);
  }
  if (refusal === null) return;
  terminal.line(`${terminal.style('yellow', 'refused:')} ${printableSentence(refusal)}`);
  terminal.line('The code reads its weights alone.');
}
