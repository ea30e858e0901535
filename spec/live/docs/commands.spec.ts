import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';
import { blocksOf, ROOT, readPages } from './pages.js';

const run = promisify(execFile);
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const FIXTURES = join(ROOT, 'spec/fixtures/cli');

interface Command {
  readonly where: string;
  readonly text: string;
}

/** Commands that this repository does not hold. */
const OTHERS = [
  'pip',
  'python3 -m venv',
  '.venv/bin/pip',
  'tensorflowjs_converter',
  'npm ci',
  'npm --prefix scripts/bench ci',
  'npm install',
  'npm pack',
  'npm publish',
  'npx esbuild',
  'npx jest',
  'cp -r CHECKOUT',
];

const pages = readPages();

const inBlocks: Command[] = pages
  .flatMap(blocksOf)
  .flatMap(({ page, line, language, code }) =>
    language === 'sh'
      ? code
          .split('\n')
          .map((text, i) => ({ where: `${page}:${line + i}`, text: text.replace(/\s+#.*$/, '') }))
      : [],
  );

const inProse: Command[] = pages.flatMap(({ path, text }) =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`((?:npm|npx|python3?|bash) [^`]+)`/g)].map(
    ([, span]) => ({
      where: path,
      text: span as string,
    }),
  ),
);

const commands = [...inBlocks, ...inProse].flatMap(({ where, text }) =>
  text.split(' && ').map((part) => ({ where, text: part.replace(/^(?:[A-Z_]+=\S+ )+/, '').trim() })),
);

/** What has to exist for the command to run: undefined where the command is unknown. */
function isThere(text: string): boolean | undefined {
  if (OTHERS.some((start) => text.startsWith(start))) return true;
  const script = /^npm (?:run (\S+)|(test)\b)/.exec(text);
  if (script) return Object.hasOwn(scripts, (script[1] ?? script[2]) as string);
  const program = /^npx tfjs-torch-rnn ([\w-]+)/.exec(text);
  if (program)
    return ['inspect', 'convert', 'verify', 'export-script', 'doctor'].includes(program[1] as string);
  const file = /^(?:npx tsx|python3?|bash|npx mocha) "?([^\s"*]+)/.exec(text);
  return file ? existsSync(join(ROOT, file[1] as string)) : undefined;
}

/** The page's forward written by hand, as a user compiles it. */
function forwardModule(): string {
  const block = pages.flatMap(blocksOf).find(({ code }) => code.startsWith('// forward.ts'));
  return ts.transpile(block?.code ?? '', { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 });
}

describe('the commands of the documentation', () => {
  for (const { where, text } of commands)
    it(`exist: ${where}: ${text}`, () => {
      expect(isThere(text), text).to.equal(true);
    });

  describe('of the program', () => {
    let folder = '';
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'tfjs-torch-rnn-commands-'));
      cpSync(join(FIXTURES, 'checkpoint.pt'), join(folder, 'model.pt'));
      cpSync(join(FIXTURES, 'modules.safetensors'), join(folder, 'model.safetensors'));
      for (const name of [
        'x.npy',
        'y.npy',
        'lengths.npy',
        'packed.npy',
        'packed_hn.npy',
        'classifier.safetensors',
      ])
        cpSync(join(FIXTURES, name), join(folder, name));
      cpSync(join(FIXTURES, 'model'), folder, { recursive: true });
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(ROOT, join(folder, 'node_modules/tfjs-torch-rnn'), 'junction');
      symlinkSync(
        join(ROOT, 'node_modules/@tensorflow'),
        join(folder, 'node_modules/@tensorflow'),
        'junction',
      );
      writeFileSync(join(folder, 'forward.mjs'), forwardModule());
    });
    after(() => rmSync(folder, { recursive: true }));

    for (const { where, text } of commands.filter((command) =>
      /^npx tfjs-torch-rnn \w+ (model|classifier)/.test(command.text),
    ))
      it(`run: ${where}: ${text}`, async () => {
        const [command = '', file] = text.split(' > ');
        const args = command.split(' ').slice(2);
        const { stdout } = await run(process.execPath, [join(ROOT, 'dist/cli/bin.js'), ...args], {
          cwd: folder,
        });
        if (file !== undefined) writeFileSync(join(folder, file), stdout);
      }).timeout(60_000);
  });
});

describe('the Python of the documentation', () => {
  for (const { page, line, language, code } of pages.flatMap(blocksOf))
    if (language === 'python')
      it(`${page}:${line} is Python`, async () => {
        await run('python3', ['-c', 'import ast, sys; ast.parse(sys.argv[1])', code]);
      });
});

describe('the code blocks of the documentation', () => {
  it('are of a language that is checked', () => {
    const languages = new Set(pages.flatMap(blocksOf).map(({ language }) => language));
    // Pages in HTML are opened in a browser by the specs of the package.
    expect([...languages].sort()).to.deep.equal(['html', 'python', 'sh', 'text', 'ts']);
  });
});
