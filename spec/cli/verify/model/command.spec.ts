import { expect } from 'chai';
import { cliFixture, ROOT, runProgram } from '../../support.js';

const CLASSIFIER = cliFixture('classifier.safetensors');
const array = (name: string) => cliFixture(`model/${name}.npy`);
/** From the root of the checkout, which may lie behind more letters than an answer shows of a path. */
const moduleAt = (name: string) => `spec/cli/verify/model/modules/${name}.ts`;

/** In a process of its own, as the specs of a layer. */
async function verify(module: string, ...words: string[]) {
  const all = ['verify', CLASSIFIER, '--module', module, '--input', array('ids'), ...words];
  const { code, stdout, stderr } = await runProgram(all, { cwd: ROOT });
  return { code, out: stdout.trimEnd(), err: stderr.trimEnd() };
}

const logits = ['--expected', array('logits')];

describe('tfjs-torch-rnn verify --module', function () {
  this.timeout(120_000);
  it('is fine with the model that a function makes of the state_dict, and its layers', async () => {
    const inner = ['--expected', `embedding=${array('embedding')}`];
    const { code, out, err } = await verify(moduleAt('build'), ...logits, ...inner, '--backend', 'wasm');
    expect(code, out + err).to.equal(0);
    const lines = out.split('\n');
    expect(lines[0]).to.match(/build\.ts on wasm$/);
    expect(lines[1]).to.match(/^ok {3}embedding: worst error 0 at \[0, 0, 0\]/);
    expect(lines[2]).to.match(
      /^ok {3}output: worst error \d\.\de-\d+ at \[\d, \d\], where rounding may give \d\.\de-\d$/,
    );
    expect(lines[3]).to.equal('within what rounding to float32 can do');
  });

  it('is fine with a model that is exported, into which the file is loaded', async () => {
    const { code, out, err } = await verify(moduleAt('built'), ...logits);
    expect(code, out + err).to.equal(0);
  });

  it('names the first layer that differs, in the order of the model, whatever that of the options', async () => {
    const inner = ['gru', 'embedding'].flatMap((name) => ['--expected', `${name}=${array(name)}`]);
    const { code, out } = await verify(moduleAt('forward'), ...logits, ...inner);
    expect(code).to.equal(1);
    expect(out.split('\n').map((line) => line.replace(/:.*/, ''))).to.deep.equal([
      `${moduleAt('forward')} on cpu`,
      'ok   embedding',
      'ok   gru',
      'FAIL output',
      'beyond what rounding to float32 can do',
      'The first that differs is the output.',
      'Nothing that was tried fits',
    ]);
    const alone = await verify(moduleAt('forward'), ...logits, '--json');
    expect(JSON.parse(alone.out)).to.deep.include({ ok: false, tolerance: 'rounding', backend: 'cpu' });
    expect(JSON.parse(alone.out).advice[0]).to.match(/^Give what PyTorch has after inner layers as well/);
  });

  it('refuses the options of one layer, and without it more than one input', async () => {
    const layer = await verify(moduleAt('build'), ...logits, '--batch-first');
    expect(layer).to.deep.include({ code: 2 });
    expect(layer.err).to.include('--batch-first is for one layer, not for a model of --module.');
    const { code, stderr } = await runProgram([
      'verify',
      CLASSIFIER,
      ...logits,
      '--input',
      'a',
      '--input',
      'b',
    ]);
    expect(code).to.equal(2);
    expect(stderr).to.include('--input is given twice: more than one is for --module.');
  });
});
