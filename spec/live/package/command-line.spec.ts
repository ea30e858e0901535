import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { projectAlone, projectWithTfjs } from './support/projects.js';
import { runCommand } from './support/run.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** The path of a file of the command line's own specs. */
function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/cli/${name}`, import.meta.url));
}

const VERIFY = [
  ...['verify', fixture('layers.safetensors'), '--layer', 'lstm'],
  ...['--input', `${fixture('answers.safetensors')}#x`],
  ...['--expected', `${fixture('answers.safetensors')}#lstm.y`],
];

describe('npx tfjs-torch-rnn, without tfjs', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectAlone());
  });

  it('prints its help', async () => {
    const { ok, stdout, output } = await runCommand(['--help'], folder);
    expect(ok, output).to.equal(true);
    expect(stdout).to.match(/inspect[\s\S]*convert[\s\S]*verify/);
  });

  it('prints its version', async () => {
    const { stdout, output } = await runCommand(['--version'], folder);
    expect(stdout.trim(), output).to.equal(version);
  });

  it('inspects a file', async () => {
    const { stdout, output } = await runCommand(['inspect', fixture('layers.safetensors')], folder);
    expect(stdout, output).to.include('lstm: LSTM(3, 5, proj_size=2)');
  });

  it('inspects a program, without knowing which ops are missing', async () => {
    const program = fileURLToPath(new URL('../../fixtures/program/states.pt2', import.meta.url));
    const { ok, stdout, output } = await runCommand(['inspect', program], folder);
    expect(ok, output).to.equal(true);
    expect(stdout).to.include('gru: aten.gru.input').and.include('not known without tfjs');
  });

  it('converts a file', async () => {
    const { ok, output } = await runCommand(['convert', fixture('layers.safetensors'), 'half.json'], folder);
    expect(ok, output).to.equal(true);
    expect(existsSync(join(folder, 'half.json'))).to.equal(true);
  });

  it('prints the Python file that lies in the package', async () => {
    const { stdout, output } = await runCommand(['export-script'], folder);
    expect(stdout, output).to.match(/^def export\(model, args/m);
  });

  it('says what verify needs', async () => {
    const { ok, output } = await runCommand(VERIFY, folder);
    expect(ok, output).to.equal(false);
    expect(output).to.match(/Run: npm install @tensorflow\/tfjs @tensorflow\/tfjs-backend-cpu\n/);
    expect(output).to.not.match(/\n {4}at /);
  });
});

describe('npx tfjs-torch-rnn, with tfjs', () => {
  it('verifies a layer', async () => {
    const { ok, output } = await runCommand(VERIFY, (await projectWithTfjs()).folder);
    expect(ok, output).to.equal(true);
    expect(output).to.include('within what rounding to float32 can do');
  });
});
