import { showFirst, showShape } from '../../check.js';
import type { SourceDescription } from '../../state-dict/describe.js';
import { derivedNotes, describeModule, type RecognisedModule } from '../../torch/modules.js';
import { describeWeightless } from '../../torch/told/weightless.js';
import { printable, printableMessage, printablePath, printableSentence } from '../printable.js';
import { plural, showBytes, showCount, tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { publicWord } from '../url.js';
import type { Found } from './examine.js';
import { totalsOf } from './json-report.js';
import type { ProgramDescription } from './program/describe.js';
import { writeProgram } from './program/report.js';

/** Prints what `inspect` found, for people. Everything that comes from the file is made printable here. */
export function writeReport(
  terminal: Terminal,
  { source, description, modules, weightless, code }: Found,
  program?: ProgramDescription,
): void {
  writeHead(terminal, source, description);
  writeTensors(terminal, description);
  writeModules(terminal, modules);
  for (const module of weightless)
    terminal.line(
      `${nameOf(module.path)}: ${terminal.style('cyan', printableSentence(describeWeightless(module)))}, no weights`,
    );
  writeWarnings(terminal, description);
  if (program) writeProgram(terminal, program);
  const title = program ? 'TypeScript that reads it' : 'TypeScript that rebuilds it';
  terminal.line(`\n${terminal.style('bold', title)}\n\n${code}`);
}

function writeHead(terminal: Terminal, source: string, description: SourceDescription): void {
  const { format, files, path, tensors, metadata } = description;
  const { elements, bytes } = totalsOf(tensors);
  const where = files === 1 ? format : `${format} in ${files} files`;
  const totals = [plural(tensors.size, 'tensor'), plural(elements, 'element'), showBytes(bytes)].join(', ');
  terminal.line(`${terminal.style('bold', printablePath(publicWord(source)))}: ${where}, ${totals}`);
  if (path.length > 0) terminal.line(`dict: ${path.map(printable).join(' / ')}`);
  for (const [key, value] of metadata) terminal.line(`metadata: ${printable(key)} = ${printable(value)}`);
}

function writeTensors(terminal: Terminal, { tensors, refused }: SourceDescription): void {
  const rows = [...tensors].map(([name, { dtype, shape, byteLength, sameAs }]) => [
    printable(name),
    dtype,
    showShape(shape),
    showCount(byteLength),
    sameAs === undefined ? '' : `the same as ${printable(sameAs)}`,
  ]);
  const columns = [
    { title: 'tensor' },
    { title: 'dtype' },
    { title: 'shape' },
    { title: 'bytes', align: 'right' as const },
    { title: '' },
  ];
  const [titles = '', ...lines] = tableLines(columns, rows);
  terminal.line(`\n${terminal.style('bold', titles)}`);
  if (lines.length > 0) terminal.line(lines.join('\n'));
  for (const [name, reason] of refused)
    terminal.line(`${printable(name)}: cannot be read: ${printable(reason)}`);
}

function writeModules(terminal: Terminal, modules: readonly RecognisedModule[]): void {
  terminal.line(`\n${terminal.style('bold', 'modules')}`);
  for (const module of modules) {
    const { path, kind, doubts, shapes } = module;
    const name = nameOf(path);
    const open = doubts.map(printableSentence).join('; ');
    if (kind === 'unknown') {
      const shown = ([own, shape]: [string, readonly number[]]) => `${printable(own)} ${showShape(shape)}`;
      const names = showFirst([...shapes], shown, 4);
      terminal.line(`${name}: ${terminal.style('yellow', describeModule(module))}: ${open}: ${names}`);
      writeNotes(terminal, module);
      continue;
    }
    const keys = `keys ${path === '' ? '' : `${printable(path)}.`}*`;
    const note = open === '' ? '' : terminal.style('dim', ` (not stored in the file: ${open})`);
    terminal.line(`${name}: ${terminal.style('cyan', describeModule(module))}, ${keys}${note}`);
    for (const derived of derivedNotes(module)) terminal.line(`  ${printableSentence(derived)}`);
    writeNotes(terminal, module);
  }
}

function nameOf(path: string): string {
  return path === '' ? '(root)' : printable(path);
}

function writeNotes(terminal: Terminal, { notes = [] }: RecognisedModule): void {
  for (const note of notes) terminal.line(`  ${printableSentence(note)}`);
}

function writeWarnings(terminal: Terminal, description: SourceDescription): void {
  const { unknownGlobals } = description;
  const warnings = [...description.warnings, ...settingsNote(description)];
  const label = terminal.style('yellow', 'warning:');
  if (warnings.length + unknownGlobals.length > 0) terminal.line();
  for (const warning of warnings) terminal.line(`${label} ${printableMessage(warning)}`);
  if (unknownGlobals.length === 0) return;
  const names = unknownGlobals.map(printable).join(', ');
  terminal.line(
    `${label} the file names Python code that this package does not know: ${names}. None is run.`,
  );
}

/** JSON may be of anything, such as a package.json with "private": true. */
function settingsNote({ format, tensors }: SourceDescription): string[] {
  const areSingle = [...tensors.values()].every(({ shape }) => shape.length === 0);
  if (format !== 'json' || !areSingle) return [];
  return [
    tensors.size === 0
      ? 'no tensor is in it.'
      : 'it holds single numbers and booleans alone, which are settings rather than weights.',
  ];
}
