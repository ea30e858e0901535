import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runProgram, tell } from './support.js';

const SCRIPT = readFileSync(new URL('../../python/torch_rnn_export.py', import.meta.url), 'utf8');

describe('tfjs-torch-rnn export-script', () => {
  it('prints the file, byte for byte', async () => {
    expect(await runProgram(['export-script'])).to.deep.equal({ code: 0, stdout: SCRIPT, stderr: '' });
  });

  it('gives the same as JSON', async () => {
    expect(JSON.parse((await tell('export-script', '--json')).out)).to.deep.equal({ script: SCRIPT });
  });

  it('takes no words', async () => {
    const { code, err } = await tell('export-script', 'model.pt2');
    expect(code).to.equal(2);
    expect(err).to.include('model.pt2 is one word too many');
  });
});

describe('the script', () => {
  it('is ASCII, which every shell writes into a file as it is', () => {
    expect(SCRIPT).to.match(/^[\n\x20-\x7e]*\n$/);
  });
});
