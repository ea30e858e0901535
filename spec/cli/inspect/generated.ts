/** A project that compiles and runs what `inspect` prints. */

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { rebuildingCode } from '../../../src/cli/inspect/code.js';
import { describeSource } from '../../../src/state-dict/describe.js';
import { resolveLimits } from '../../../src/state-dict/rules/limits.js';
import type { RecognisedModule } from '../../../src/torch/modules.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { ROOT, runNode, TSX } from '../support.js';

/** The first check of a process reads the declarations of tfjs, which takes a busy machine half a minute. */
export const COMPILE_LIMIT_MS = 180_000;

/** Where the sources seem to be for the type checker: it finds what they import from there, and reads no file of these names. */
const SEEMING_FOLDER = join(ROOT, 'spec/cli/inspect/generated');
const SEEMING = ['generated.ts', 'check.ts'].map((name) => join(SEEMING_FOLDER, name));

/** The entries of the package that code imports. */
const PATHS = {
  'tfjs-torch-rnn': [join(ROOT, 'src/index.ts')],
  'tfjs-torch-rnn/program': [join(ROOT, 'src/program/index.ts')],
};

/** Type-checks sources, all checks of a process with the same declarations. */
class TypeChecker {
  private readonly texts = new Map<string, string>();
  private version = 0;
  private readonly service = ts.createLanguageService({
    getCompilationSettings: () => ({
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      skipLibCheck: true,
      types: ['node'],
      paths: PATHS,
    }),
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getScriptFileNames: () => SEEMING,
    getScriptVersion: (file) => (this.texts.has(file) ? `${this.version}` : ''),
    getScriptSnapshot: (file) => {
      const text = this.texts.get(file) ?? ts.sys.readFile(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    fileExists: (file) => this.texts.has(file) || ts.sys.fileExists(file),
    readFile: (file) => this.texts.get(file) ?? ts.sys.readFile(file),
    directoryExists: (folder) => folder === SEEMING_FOLDER || ts.sys.directoryExists(folder),
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath,
  });

  /** The errors in `generated.ts` and `check.ts`. */
  errorsIn(sources: readonly [generated: string, check: string]): string[] {
    for (const [i, file] of SEEMING.entries()) this.texts.set(file, sources[i] as string);
    this.version++;
    return SEEMING.flatMap((file) => [
      ...this.service.getSyntacticDiagnostics(file),
      ...this.service.getSemanticDiagnostics(file),
    ]).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }
}

let checker: TypeChecker | undefined;

export class GeneratedProject {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'generated-'));

  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'), 'junction');
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }');
    const compilerOptions = { paths: PATHS };
    writeFileSync(join(this.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  }

  /** Type-checks the code and `check`, which imports it as `./generated.js`, runs them, and gives what they print. */
  async run(code: string, check: string): Promise<string> {
    checker ??= new TypeChecker();
    expect(checker.errorsIn([code, check])).to.deep.equal([]);
    writeFileSync(join(this.folder, 'generated.ts'), `${code}\n`);
    writeFileSync(join(this.folder, 'check.ts'), check);
    const ran = await runNode(['--import', TSX, 'check.ts'], this.folder);
    expect(ran.code, ran.stderr).to.equal(0);
    return ran.stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** Runs each layer on its input, and prints how far its output is from PyTorch's. */
const CHECK = `
import * as tf from '@tensorflow/tfjs';
import { readStateDict, toTensor } from 'tfjs-torch-rnn';
import * as own from './generated.js';
const answers = await readStateDict(ANSWERS);
const camel = (path: string) => path.replace(/_(\\w)/g, (_, letter: string) => letter.toUpperCase());
for (const name of [...answers.keys()].filter((key) => key.endsWith('.x')).map((key) => key.slice(0, -2))) {
  const layer = (own as Record<string, unknown>)[camel(name)] as tf.layers.Layer & { forward?(x: tf.Tensor): unknown };
  if (layer === undefined) {
    console.log(name, 'ABSENT');
    continue;
  }
  const [x, y] = ['x', 'y'].map((end) => toTensor(answers.get(name + '.' + end)!));
  const given = layer.forward?.(x) ?? layer.apply(x);
  const found = given instanceof tf.Tensor ? given : ((given as { output?: tf.Tensor; h?: tf.Tensor }).output ?? (given as { h: tf.Tensor }).h);
  console.log(name, String(found.shape) === String(y.shape) ? found.sub(y).abs().max().arraySync() : 'SHAPE ' + found.shape);
}
`;

/** How far the output of each layer is from PyTorch's, by the path of its module; text in place of a number says what is wrong. */
export async function layerErrors(code: string, answers: string): Promise<ReadonlyMap<string, string>> {
  const project = new GeneratedProject();
  try {
    const printed = await project.run(code, `const ANSWERS = ${JSON.stringify(answers)};${CHECK}`);
    const lines = printed.split('\n').filter((line) => line.includes(' '));
    return new Map(lines.map((line) => line.split(/ (.*)/) as [string, string]));
  } finally {
    project.remove();
  }
}

/** The modules of a file, and the code of them, as `inspect` has them. */
export async function inspected(
  source: string,
): Promise<{ readonly modules: readonly RecognisedModule[]; readonly code: string }> {
  const { tensors, modules: facts } = await describeSource('inspect', source, {
    limits: resolveLimits('inspect'),
  });
  const modules = recogniseModules(tensors, facts);
  return { modules, code: rebuildingCode(modules, { source }) };
}
