import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Command, CommandContext, ExitCode } from '../command.js';
import type { ParsedWords } from '../options.js';
import { printableJson } from '../printable.js';
import type { BackendReport } from './examine.js';
import { type Imported, importBackends } from './packages.js';
import { type Report, writeReport } from './report.js';

export const doctor: Command = {
  name: 'doctor',
  summary: 'what runs where on this machine, how exactly and how fast',
  usage: '[options]',
  description: `What runs where on this machine: versions, the kernels of each backend and why, how far their results are from
the engine's on cpu, and short timings of the engine, of cuDNN and of tf ops. Takes some ten seconds. For reports of what is slow or
wrong. It needs @tensorflow/tfjs, and takes the backends that are installed beside it.`,
  options: {},
  examples: `Example:
  tfjs-torch-rnn doctor > report.txt 2>&1`,
  positionals: [],
  run,
};

async function run(words: ParsedWords, { terminal, signal }: CommandContext): Promise<ExitCode> {
  const imported: Imported = await importBackends();
  const { examine } = await import('./examine.js');
  const backends: BackendReport[] = [];
  for (const backend of imported.backends) {
    signal.throwIfAborted();
    terminal.progress(`${backend} ...`);
    backends.push(await examine(backend));
  }
  terminal.progress(undefined);
  const processors = cpus();
  const report: Report = {
    version: ownVersion(),
    node: process.version,
    system: `${process.platform} ${process.arch}, ${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    packages: imported.packages,
    absent: imported.absent,
    backends,
  };
  if (words.flag('json')) terminal.line(printableJson(report));
  else writeReport(terminal, report);
  return 0;
}

function ownVersion(): string {
  const manifest = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
