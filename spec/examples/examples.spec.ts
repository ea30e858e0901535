import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { textWidth } from '../../examples/support/text-width.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const PROGRAMS = [
  'language-id/main.ts',
  'language-id/program.ts',
  'programs/gru.ts',
  'programs/classifier.ts',
  'programs/translator.ts',
  'fine-tune/main.ts',
  'seq2seq/main.ts',
  'g2p/main.ts',
  'gru-shapes.ts',
  'gru-classifier.ts',
  'lstm-vs-gru.ts',
  'save-to-disk.ts',
];

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function spawnExample(file: string, args: readonly string[], columns = '') {
  const env = { ...process.env, COLUMNS: columns };
  return spawn(process.execPath, ['--import', 'tsx', `examples/${file}`, ...args], { cwd: root, env });
}

/** Runs `examples/<file>` in a process of its own, as a user does, with its output in a pipe. */
function runExample(file: string, ...args: string[]): Promise<Result> {
  return resultOf(spawnExample(file, args));
}

function resultOf(child: ReturnType<typeof spawnExample>): Promise<Result> {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function expectSuccess({ code, stderr }: Result): void {
  expect(stderr).to.equal('');
  expect(code).to.equal(0);
}

describe('examples', function () {
  // Each starts Node, tsx and tfjs on what may be a busy machine.
  this.timeout(180_000);

  it("gru-shapes.ts prints torch's shapes", async () => {
    const result = await runExample('gru-shapes.ts');
    expectSuccess(result);
    expect(result.stdout).to.equal('input  [4, 10, 256]\noutput [4, 10, 256]\nhn     [2, 4, 256]\n');
  });

  it("gru-classifier.ts prints the logits' shape and torch's number of parameters", async () => {
    const result = await runExample('gru-classifier.ts');
    expectSuccess(result);
    const torchParameters = 10000 * 128 + (2 * 3 * 128 * 128 + 2 * 3 * 128) + (2 * 128 + 2);
    expect(result.stdout).to.equal(`tokens     [8, 50]\nlogits     [8, 2]\nparameters ${torchParameters}\n`);
  });

  it('save-to-disk.ts loads the model it saved', async () => {
    const result = await runExample('save-to-disk.ts');
    expectSuccess(result);
    expect(result.stdout).to.match(/^saved {2}model\.json, weights-[0-9a-f]{16}\.bin\n/);
    expect(result.stdout).to.include('loaded largest difference of the outputs 0\n');
  });

  it('language-id names the languages of its sample and agrees with PyTorch', async () => {
    const result = await runExample('language-id/main.ts');
    expectSuccess(result);
    expect(result.stdout).to.match(/Wo ist der nächste Bahnhof\? +German +\d+\.\d%/);
    expect(result.stdout).to.match(/accuracy +\d\d\.\d%/);
    expect(result.stdout).to.match(/✓ {2}same answer as PyTorch +(\d+) of \1\n/);
    expect(result.stdout).to.match(/✓ {2}max \|Δlogit\| to PyTorch +\d\.\de-\d \(tolerance 0\.0001\)/);
  });

  it('language-id names the languages of the phrases it is given, without colours in a pipe', async () => {
    const result = await runExample(
      'language-id/main.ts',
      'Guten Morgen, liebe Sorgen',
      'un visage qui sourit',
    );
    expectSuccess(result);
    expect(result.stdout).to.match(/Guten Morgen, liebe Sorgen +German/);
    expect(result.stdout).to.match(/un visage qui sourit +French/);
    expect(result.stdout).not.to.include('held-out');
    expect(result.stdout).not.to.include('\u001b');
  });

  it('language-id fits 40 columns, with wide characters', async () => {
    const result = await resultOf(spawnExample('language-id/main.ts', [], '40'));
    expectSuccess(result);
    const phrases = await resultOf(
      spawnExample('language-id/main.ts', ['日本語の長い長い長いフレーズ', 'Wo ist der Bahnhof?'], '40'),
    );
    expectSuccess(phrases);
    expect(phrases.stdout).to.match(/^ {2}日本語の長い長…/m);
    for (const line of `${result.stdout}${phrases.stdout}`.split('\n'))
      expect(textWidth(line), line).to.be.at.most(40);
  });

  for (const file of ['gru-shapes.ts', 'save-to-disk.ts', 'language-id/main.ts'])
    it(`${file} ends quietly where nobody reads its output`, async () => {
      const child = spawnExample(file, []);
      child.stdout.destroy();
      expectSuccess(await resultOf(child));
    });

  it('all are ready for that', async () => {
    for (const file of PROGRAMS) {
      const source = await readFile(new URL(`../../examples/${file}`, import.meta.url), 'utf8');
      expect(source, file).to.match(/support\/closed-pipe\.js'|\brunCommand\(/);
    }
  });

  it('language-id explains itself with --help', async () => {
    const result = await runExample('language-id/main.ts', '--help');
    expectSuccess(result);
    expect(result.stdout).to.include('--backend wasm|cpu|tensorflow');
  });

  it('language-id exits with 2 and one line for a backend that does not exist', async () => {
    const { code, stdout, stderr } = await runExample('language-id/main.ts', '--backend', 'gpu');
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.equal('--backend: expected one of wasm, cpu, tensorflow, got "gpu"\n');
  });

  it('lstm-vs-gru.ts prints gates, parameters and times of both', async () => {
    const result = await runExample('lstm-vs-gru.ts', '--runs', '1');
    expectSuccess(result);
    const torchParameters = (gates: number) =>
      (gates * 256 * (256 + 256) + 2 * gates * 256).toLocaleString('en');
    expect(result.stdout).to.match(/^LSTM\(256, 256\) and GRU\(256, 256\) on \[32, 100, 256\]\n/);
    expect(result.stdout).to.match(/forward, float32, wasm backend; 1 of each in turns/);
    expect(result.stdout).to.match(/gates +4 {2}i\|f\|g\|o +3 {2}r\|z\|n +1\.33\n/);
    expect(result.stdout).to.match(
      new RegExp(`parameters +${torchParameters(4)} +${torchParameters(3)} +1\\.33\n`),
    );
    expect(result.stdout).to.match(/median time +\d+\.\d ms +\d+\.\d ms +\d+\.\d\d\n/);
    expect(result.stdout).to.match(/total time +\d+\.\d s +\d+\.\d s +\d+\.\d\d\n$/);
  });

  it('lstm-vs-gru.ts exits with 2 and one line for a number of runs that is none', async () => {
    const { code, stdout, stderr } = await runExample('lstm-vs-gru.ts', '--runs', 'many');
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.equal('--runs: expected an integer in 1..999999, got "many"\n');
  });

  it('g2p says what to do where the model is not there', async () => {
    const missing = 'examples/g2p/no-such-folder/g2p-en.safetensors';
    const { code, stdout, stderr } = await runExample('g2p/main.ts', '--model', missing, 'hello');
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    const remedy = '`npm run g2p:model` fetches it: 3 MB from PyPI, with Python 3 and pip';
    expect(stderr).to.equal(`${missing} is not there. ${remedy}\n`);
  });

  it('g2p explains itself with --help', async () => {
    const result = await runExample('g2p/main.ts', '--help');
    expectSuccess(result);
    expect(result.stdout).to.include('npm run g2p:model');
    expect(result.stdout).to.include('--backend wasm|cpu|tensorflow');
  });

  it('all stand in the README with a command, and in run-all.ts', async () => {
    const readme = await readFile(`${root}examples/README.md`, 'utf8');
    const runAll = await readFile(`${root}examples/run-all.ts`, 'utf8');
    for (const file of PROGRAMS) {
      expect(readme).to.include(`](${file})`);
      expect(runAll).to.include(`'${file}'`);
    }
  });
});
