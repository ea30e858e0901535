// The native engine as users install it: beside the package, with nothing to import or set.
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { run } from '../../../scripts/support/child-process.mjs';
import { targetHere } from '../../../scripts/tools/build-native/targets.mjs';
import { blocksOf, type Page, ROOT, readPages } from '../docs/pages.js';
import { programsOf } from '../docs/programs.js';
import { nativeTarballs, newFolder, projectWithNative, projectWithTfjs } from './support/projects.js';
import { runNode } from './support/run.js';
import { expectTorchsTraining, type Training } from './support/training.js';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const RESOLUTIONS = [
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
  ['node16', 'node16'],
  ['node10', 'commonjs'],
] as const;
const LIMIT_MS = 2 * 60_000;
const NAME = 'tfjs-torch-rnn-native';
const PLATFORM = `${NAME}-${targetHere()}`;
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const pages = readPages();
/** What the code of the documentation is given. */
const GIVEN = new URL('../docs/given/', import.meta.url);

const NATIVE = /^the engine runs whole sequences in (AVX-512|AVX2|SSE2|NEON), natively, on /;
const WASM = /^the engine runs whole sequences in WebAssembly SIMD, on (one thread|up to \d+ threads)/;

type Command = readonly [program: string, ...args: string[]];

/** What a program that trains ran on, and the warnings of the package. */
interface Ran {
  readonly reason: string;
  readonly warnings: readonly string[];
}

async function trained(command: Command, cwd: string, env: Record<string, string> = {}): Promise<Ran> {
  const [program, ...args] = command;
  const result = await run(program, args, { cwd, env: { ...process.env, ...env }, limitMs: LIMIT_MS });
  expect(result.ok, result.output).to.equal(true);
  const training: Training = JSON.parse(result.stdout.trim().split('\n').at(-1) as string);
  expectTorchsTraining(training);
  const warnings = result.output.split('\n').filter((line) => line.startsWith('tfjs-torch-rnn'));
  return { reason: training.described.reason ?? '', warnings };
}

const node = (...args: string[]): Command => [process.execPath, ...args];

/** TypeScript without its types. */
const plain = (source: string) =>
  ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    },
  }).outputText;

function expectNative({ reason, warnings }: Ran): void {
  expect(reason).to.match(NATIVE);
  expect(warnings).to.deep.equal([]);
}

/** Nothing is said, in the warnings or in the description. */
function expectSilence({ reason, warnings }: Ran): void {
  expect(reason.replace(WASM, '')).to.equal('');
  expect(warnings).to.deep.equal([]);
}

/** The reason is told in the description, and once by a warning. */
function expectTold({ reason, warnings }: Ran, why: string | RegExp): void {
  expect(reason).to.match(WASM);
  const told = reason.replace(WASM, '').replace(/^; /, '');
  if (typeof why === 'string') expect(told).to.equal(why);
  else expect(told).to.match(why);
  expect(warnings).to.deep.equal([`tfjs-torch-rnn: recurrent layers run in WebAssembly: ${told}`]);
}

describe('the native engine, installed beside the package', () => {
  let folder: string;
  let installed: string;
  before(async () => {
    ({ folder, installed } = await projectWithNative());
  });

  it('brings the package of this system, runs nothing as it is installed, and npm has nothing to say of it', () => {
    expect(installed).to.not.match(/warn.*torch/i);
    for (const name of [NAME, PLATFORM]) {
      const manifest = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
      expect(manifest).to.include({ name, version });
      expect(manifest).to.not.have.any.keys('scripts', 'dependencies', 'devDependencies');
    }
    const files = readdirSync(join(folder, 'node_modules', PLATFORM)).sort();
    expect(files).to.deep.equal(['LICENSE', 'README.md', 'engine.node', 'package.json']);
  });

  it('is clean for publint', async () => {
    const [, ofUsers] = await nativeTarballs();
    const { buffer } = new Uint8Array(readFileSync(ofUsers as string));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: 'suggestion' });
    expect(messages.map((message) => formatMessage(message, pkg))).to.deep.equal([]);
  });

  for (const [resolution, module] of RESOLUTIONS)
    it(`has register for TypeScript with moduleResolution ${resolution}`, () => {
      const resolving = ['--module', module, '--moduleResolution', resolution, '--ignoreDeprecations', '6.0'];
      return runNode([TSC, '--noEmit', '--skipLibCheck', ...resolving, 'types-native.ts'], folder);
    });

  for (const program of ['runtime.mjs', 'runtime.cjs'])
    it(`runs the layers: ${program}`, async () => expectNative(await trained(node(program), folder)));

  it('runs the code of the README', async () => {
    const readme = join(folder, 'readme');
    mkdirSync(join(readme, 'given'), { recursive: true });
    copyFileSync(join(ROOT, 'examples/programs/classifier.pt2'), join(readme, 'model.pt2'));
    writeFileSync(join(readme, 'package.json'), '{ "type": "module" }');
    for (const file of readdirSync(GIVEN).filter((name) => name.endsWith('.ts')))
      writeFileSync(
        join(readme, 'given', file.replace(/ts$/, 'js')),
        plain(readFileSync(new URL(file, GIVEN), 'utf8')),
      );
    const programs = programsOf(pages[0] as Page).filter(({ isRun }) => isRun);
    for (const { name, source } of programs) writeFileSync(join(readme, `${name}.js`), plain(source));
    const imports = programs.map(({ name }) => `await import('./${name}.js');`);
    const told =
      "console.log((await import('tfjs-torch-rnn')).describeKernels().find(({ isActive }) => isActive));";
    writeFileSync(join(readme, 'all.js'), [...imports, told].join('\n'));
    expect(await runNode(['all.js'], readme)).to.match(/reason: '.*, natively, .*\n.*lastRun: 'fused'/);
  });

  it('is turned off by a variable', async () => {
    const { reason, warnings } = await trained(node('runtime.mjs'), folder, { TFJS_TORCH_RNN_NATIVE: '0' });
    expect(reason).to.match(/^.* WebAssembly .*; TFJS_TORCH_RNN_NATIVE=0 turns the native engine off$/);
    expect(warnings).to.deep.equal([]);
  });

  it('is not loaded where a flag forbids addons', async () => {
    const ran = await trained(node('--no-addons', 'runtime.mjs'), folder);
    expectTold(ran, /^tfjs-torch-rnn-native does not load: .*loading addons is disabled/);
  });

  describe('under', () => {
    const bun = (): Command => [join(folder, 'node_modules/.bin/bun')];
    const deno = (...permissions: string[]): Command => {
      const program = join(folder, 'node_modules/.bin/deno');
      return [program, 'run', '--node-modules-dir=manual', ...permissions];
    };

    for (const [name, command] of [
      ['Bun', bun],
      ['Deno', () => deno('--allow-read', '--allow-env', '--allow-ffi')],
    ] as const) {
      it(`${name} runs the layers`, async () => {
        expectNative(await trained([...command(), 'runtime.mjs'], folder));
      });
    }

    it('Deno without a permission for libraries does not load, and says which it lacks', async () => {
      const ran = await trained([...deno('--allow-read', '--allow-env'), 'runtime.mjs'], folder);
      expectTold(ran, /^tfjs-torch-rnn-native does not load: Requires ffi access .*--allow-ffi/);
    });

    for (const [name, command] of [
      ['Node', () => node()],
      ['Bun', bun],
      ['Deno', () => deno('--allow-all')],
    ] as const)
      it(`${name} threads compute the same, and the process ends by itself`, async () => {
        const [program, ...args] = [...command(), 'threads.mjs'];
        const result = await run(program, args, { cwd: folder, limitMs: LIMIT_MS });
        expect(result.output).to.include('threads: ok');
        expect(result.ok, result.output).to.equal(true);
      });
  });

  describe('in a bundle of esbuild', () => {
    const [cjs, esm] = blocksOf(pages.find(({ path }) => path === 'docs/backends.md') as Page)
      .flatMap(({ code }) => code.split('\n'))
      .filter((line) => line.startsWith('npx esbuild main.js'))
      .map((line) => line.replace('npx ', ''));

    /** Bundles a program by a command of the documentation. @returns the bundle. */
    async function bundled(command: string, program: string, to: string): Promise<string> {
      copyFileSync(join(folder, program), join(folder, 'main.js'));
      const env = {
        ...process.env,
        PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      };
      const { ok, output } = await run(command, [], { cwd: folder, env, limitMs: LIMIT_MS, shell: true });
      expect(ok, output).to.equal(true);
      const [name] = /main\.[cm]js$/.exec(/--outfile=(\S+)/.exec(command)?.[1] as string) as RegExpExecArray;
      mkdirSync(to, { recursive: true });
      copyFileSync(join(folder, name), join(to, name));
      return join(to, name);
    }

    it('is found where the program is in a project that has it', async () => {
      const bundle = await bundled(cjs as string, 'runtime.cjs', join(folder, 'built'));
      expectNative(await trained(node(bundle), '/'));
    });

    for (const [format, command] of [
      ['CommonJS', cjs],
      ['an ES module', esm],
    ] as const)
      it(`runs as ${format} far from node_modules where the program imports register, with the library beside it`, async () => {
        const bundle = await bundled(
          command as string,
          'bundled-for-node.mjs',
          newFolder(`alone as ${format}`),
        );
        expectSilence(await trained(node(bundle), dirname(bundle)));
        copyFileSync(
          join(folder, 'node_modules', PLATFORM, 'engine.node'),
          join(dirname(bundle), 'engine.node'),
        );
        expectNative(await trained(node(bundle), '/'));
      });
  });
});

describe('the native engine, where it does not fit', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectWithTfjs());
  });

  /** A program beside which lie the packages. @param change what becomes of the bytes of the library; undefined: there is none. */
  async function programWith(name: string, change?: (library: Buffer) => Buffer): Promise<string> {
    const [ofPlatform, ofUsers] = (await nativeTarballs()).map((path) => path.replace(`-${version}.tgz`, ''));
    const program = join(folder, name);
    const modules = join(program, 'node_modules');
    cpSync(ofUsers as string, join(modules, NAME), { recursive: true });
    writeFileSync(join(program, 'main.mjs'), "import '../runtime.mjs';\n");
    if (change) {
      cpSync(ofPlatform as string, join(modules, PLATFORM), { recursive: true });
      const library = join(modules, PLATFORM, 'engine.node');
      writeFileSync(library, change(readFileSync(library)));
    }
    return join(program, 'main.mjs');
  }

  it('runs from the packages of that folder', async () => {
    expectNative(await trained(node(await programWith('sound', (library) => library)), folder));
  });

  it('of another version: WebAssembly runs, and both versions are told', async () => {
    const other = version.replace(/\d/g, '9');
    const program = await programWith('another version', (library) => {
      const [from, to] = [version, other].map((text) => Buffer.from(`\0${text}\0`)) as [Buffer, Buffer];
      const at = library.indexOf(from);
      expect(at).to.be.greaterThan(0);
      return Buffer.concat([library.subarray(0, at), to, library.subarray(at + from.length)]);
    });
    expectTold(
      await trained(node(program), folder),
      `${NAME} is version ${other}, and this package ${version}: install the same version of both`,
    );
  });

  it('with a broken library: WebAssembly runs, and the reason of the system is told', async () => {
    const program = await programWith('broken', (library) => library.subarray(0, 100));
    expectTold(await trained(node(program), folder), new RegExp(`^${NAME} does not load: .*engine\\.node`));
  });

  it('without a library: WebAssembly runs, and nothing is said', async () => {
    expectSilence(await trained(node(await programWith('none')), folder));
  });
});
