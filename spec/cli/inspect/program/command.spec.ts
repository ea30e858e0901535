import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { programCode, writeProgram } from '../../../../src/cli/inspect/program/report.js';
import { call, FLOAT16, type ProgramSpec, programBytes } from '../../../support/program-files.js';
import { recordingTerminal, tell } from '../../support.js';
import { COMPILE_LIMIT_MS, GeneratedProject } from '../generated.js';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/program/${name}`, import.meta.url));

/** Runs a test on the file of a program. */
async function inspected(spec: ProgramSpec, body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'inspected-'));
  try {
    const path = join(folder, 'made.pt2');
    writeFileSync(path, programBytes(spec));
    await body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('tfjs-torch-rnn inspect of a program', function () {
  this.timeout(COMPILE_LIMIT_MS);

  it('tells weights, inputs and outputs with their symbols, frozen values, and the calls of each module', async () => {
    const { code, out } = await tell('inspect', fixture('nested.pt2'));
    expect(code).to.equal(0);
    expect(out).to.match(/nested\.pt2: program, 2 tensors, 8 elements, 32 bytes\n/);
    expect(out).to.include('fc: Linear(3, 2), keys fc.*');
    expect(out).to.match(/program of torch 2\.13\.0(\+cpu)?: 5 calls\n/);
    expect(out).to.match(/\ninput {3}batch\.x {5}F32 {4}\[s\d+, 3\] {2}fixed: axis 1\n/);
    expect(out).to.match(/\ninput {3}scale {14}3 {9}frozen: no other value is taken\n/);
    expect(out).to.match(/\noutput {2}0\.y {9}F32 {4}\[s\d+, 2\]\n/);
    expect(out).to.include('\nfc: aten.linear.default\n(root): aten.mul.Tensor (2), aten.add.Tensor (2)\n');
    expect(out).to.include('\nNo op is missing.\n');
  });

  it('names missing ops, how often and where they are called', async () => {
    const odd = (name: string, from: string) =>
      call('spec.no_such_op.default', { self: from }, [name, ['b']]);
    const spec = { inputs: [['x', ['b']]], calls: [odd('y', 'x'), odd('z', 'y')], outputs: ['z'] } as const;
    await inspected(spec, async (path) => {
      const { code, out } = await tell('inspect', path);
      expect(code).to.equal(1);
      expect(out).to.include(
        'missing: spec.no_such_op.default, 2 calls, first in model.py:3: torch.ops.spec.no_such_op.default()\n' +
          'refused: registerOp teaches spec.no_such_op.default, or change the model so that it does without\n' +
          'The code reads its weights alone.\n',
      );
      expect(out).not.to.include('No op is missing').and.not.to.include('readExportedProgram(');
      const json = JSON.parse((await tell('inspect', path, '--json')).out);
      expect(json).to.deep.include({ format: 'program', tensors: [] });
      expect(json.program).to.deep.include({
        inputs: [{ name: 'x', dtype: 'F32', shape: ['b'] }],
        modules: [{ module: '', calls: [{ target: 'spec.no_such_op.default', count: 2 }] }],
      });
      expect(json.program.missing[0]).to.include({ target: 'spec.no_such_op.default', count: 2 });
    });
  });

  it('names no module of a call of the model itself', async () => {
    await inspected(
      {
        ...{ inputs: [['x', ['b']]], outputs: ['y'] },
        calls: [call('spec.no_such_op.default', { self: 'x' }, ['y', ['b']])],
        change: ({ graph_module }) => {
          graph_module.graph.nodes[0].metadata.nn_module_stack = 'L__self__,,my.Model';
        },
      },
      async (path) => {
        const { out } = await tell('inspect', path);
        expect(out).to.include('1 call, first in model.py:3: torch.ops.spec.no_such_op.default()\n');
      },
    );
  });

  it('says why a program is refused whose ops are known, prints code for its weights, and exits with 1', async () => {
    await inspected(
      {
        stored: [{ kind: 'parameter', name: 'w', tensor: ['p_w', [2], FLOAT16], values: [1, 2] }],
        inputs: [['x', ['b', 2], FLOAT16]],
        calls: [call('aten.mul.Tensor', { self: 'x', other: 'p_w' }, ['y', ['b', 2], FLOAT16])],
        outputs: ['y'],
      },
      async (path) => {
        const { code, out } = await tell('inspect', path);
        expect(code).to.equal(1);
        expect(out).to.include(
          'refused: program: tensors: expected float32, float64, int64, int32 or bool, got p_w F16, x F16, y F16. ' +
            'Call model.float() before the export, and export with float32 inputs\n',
        );
        expect(out).not.to.include('No op is missing').and.not.to.include('readExportedProgram(');
        const { code: codeExit, out: printed } = await tell('inspect', path, '--code');
        expect(codeExit).to.equal(1);
        expect(printed).to.include('readStateDict');
        expect((await tell('inspect', path, '--select', 'w')).code).to.equal(0);
        expect(JSON.parse((await tell('inspect', path, '--json')).out).program.refusal).to.match(
          /Call model\.float\(\)/,
        );
      },
    );
  });

  it('says where it cannot know which ops are missing, and prints what a file names as text', () => {
    const { terminal, lines } = recordingTerminal();
    const port = { name: 'x\n\u001b[31m', dtype: 'F32', shape: ['s\n1', 2] } as const;
    const described = {
      ...{ torch: '2\n', inputs: [port], outputs: [port], missing: null, refusal: null },
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
