import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { programCode, writeProgram } from '../../../../src/cli/inspect/program/report.js';
import { call, programBytes } from '../../../support/program-files.js';
import { recordingTerminal, tell } from '../../support.js';
import { COMPILE_LIMIT_MS, GeneratedProject } from '../generated.js';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/program/${name}`, import.meta.url));

describe('tfjs-torch-rnn inspect of a program', function () {
  this.timeout(COMPILE_LIMIT_MS);

  it('tells weights, inputs and outputs with their symbols, frozen values, and the calls of each module', async () => {
    const { code, out } = await tell('inspect', fixture('nested.pt2'));
    expect(code).to.equal(0);
    expect(out).to.match(/nested\.pt2: program, 2 tensors, 8 elements, 32 bytes\n/);
    expect(out).to.include('fc: Linear(3, 2), keys fc.*');
    expect(out).to.match(/program of torch 2\.13\.0(\+cpu)?: 5 calls\n/);
    expect(out).to.match(/\ninput {3}batch\.x {5}F32 {4}\[s\d+, 3\]\n/);
    expect(out).to.match(/\ninput {3}scale {14}3 {9}frozen: no other value is taken\n/);
    expect(out).to.match(/\noutput {2}0\.y {9}F32 {4}\[s\d+, 2\]\n/);
    expect(out).to.include('\nfc: aten.linear.default\n(root): aten.mul.Tensor (2), aten.add.Tensor (2)\n');
    expect(out).to.include('\nNo op is missing.\n');
  });

  it('names missing ops, how often and where they are called', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inspected-'));
    try {
      const path = join(folder, 'made.pt2');
      const odd = (name: string, from: string) =>
        call('spec.no_such_op.default', { self: from }, [name, ['b']]);
      const spec = { inputs: [['x', ['b']]], calls: [odd('y', 'x'), odd('z', 'y')], outputs: ['z'] } as const;
      writeFileSync(path, programBytes(spec));
      const { code, out } = await tell('inspect', path);
      expect(code).to.equal(0);
      expect(out).to.include(
        'missing: spec.no_such_op.default, 2 calls, first in model.py:3: torch.ops.spec.no_such_op.default()',
      );
      const json = JSON.parse((await tell('inspect', path, '--json')).out);
      expect(json).to.deep.include({ format: 'program', tensors: [] });
      expect(json.program).to.deep.include({
        inputs: [{ name: 'x', dtype: 'F32', shape: ['b'] }],
        modules: [{ module: '', calls: [{ target: 'spec.no_such_op.default', count: 2 }] }],
      });
      expect(json.program.missing[0]).to.include({ target: 'spec.no_such_op.default', count: 2 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says where it cannot know which ops are missing, and prints what a file names as text', () => {
    const { terminal, lines } = recordingTerminal();
    const port = { name: 'x\n\u001b[31m', dtype: 'F32', shape: ['s\n1', 2] } as const;
    const described = {
      ...{ torch: '2\n', inputs: [port], outputs: [port], missing: null },
      ranges: [{ symbol: 's1', min: 0, max: 512 }],
      modules: [{ module: 'a\nb', calls: [{ target: 't\n', count: 1 }] }],
    };
    writeProgram(terminal, described);
    const text = lines.join('\n');
    expect(text).to.include(
      'Whether ops are missing is not known without tfjs. Run: npm install @tensorflow/tfjs',
    );
    expect(text).to.include('s1 is 0 to 512');
    expect(text).not.to.include('\u001b');
    expect(text).to.include('a\\u000ab: t\\u000a');
    expect(programCode('model.pt2', described).split('\n')).to.have.length(5);
  });

  it('prints code that reads the program; with --select that of the weights', async () => {
    const { out: code } = await tell('inspect', fixture('states.pt2'), '--code');
    const project = new GeneratedProject();
    try {
      const printed = await project.run(
        code,
        `
        import * as tf from '@tensorflow/tfjs';
        import { program } from './generated.js';
        const [output, h] = program.forward(tf.zeros([2, 5, 3]), tf.zeros([4, 2, 4])) as tf.Tensor[];
        console.log(String(output?.shape), String(h?.shape));`,
      );
      expect(printed.trim().split('\n').at(-1)).to.equal('2,5,8 4,2,4');
    } finally {
      project.remove();
    }
    const { out: part } = await tell('inspect', fixture('states.pt2'), '--select', 'gru', '--code');
    expect(part).to.include('readStateDict').and.not.include('readExportedProgram');
  });
});
