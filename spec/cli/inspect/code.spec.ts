import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CodeSource, rebuildingCode } from '../../../src/cli/inspect/code.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { cliFixture } from '../support.js';
import { COMPILE_LIMIT_MS, GeneratedProject } from './generated.js';

/** What follows the generated code: compares every weight that was loaded with the file. */
const CHECK = `
import { toStateDict } from 'tfjs-torch-rnn';
import * as own from './generated.js';
for (const [variable, value] of Object.entries(own)) {
  if (value instanceof Map) continue;
  const prefix = PREFIXES[variable] ?? '';
  const written = await toStateDict(value as Parameters<typeof toStateDict>[0], { prefix });
  for (const [name, tensor] of written) {
    const found = own.stateDict.get(name);
    const same = String(found?.shape) === String(tensor.shape) && String(found?.data) === String(tensor.data);
    console.log(name, same || name.endsWith('num_batches_tracked') ? 'same' : 'DIFFERENT');
  }
}
`;

function codeFor(stateDict: StateDict, source: CodeSource): string {
  return rebuildingCode(recogniseModules(stateDict), source);
}

function f32(shape: readonly number[], start = 0.5): TorchTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'F32', shape, data: Float32Array.from({ length: count }, (_, i) => start + i / 8) };
}

describe('rebuildingCode', () => {
  let project: GeneratedProject;
  beforeEach(() => {
    project = new GeneratedProject();
  });
  afterEach(() => project.remove());

  /** Runs the code, and gives the names of the tensors that the layers hold as the file does. */
  async function runCode(code: string, prefixes: Record<string, string>): Promise<string[]> {
    const table = `const PREFIXES: Record<string, string> = ${JSON.stringify(prefixes)};\n`;
    const printed = await project.run(code, `${table}${CHECK}`);
    expect(printed).not.to.include('DIFFERENT');
    return printed
      .split('\n')
      .filter((line) => line.endsWith(' same'))
      .map((line) => line.slice(0, -' same'.length));
  }

  it('makes one model where the order is plain, which compiles, runs and holds the weights', async () => {
    const source = cliFixture('classifier.safetensors');
    const stateDict = await readStateDict(source);
    const code = codeFor(stateDict, { source });
    expect(code).to.include('tf.sequential');
    expect((await runCode(code, {})).sort()).to.deep.equal([...stateDict.keys()].sort());
  }).timeout(COMPILE_LIMIT_MS);

  it('makes a layer of each module where it is not, which compiles, runs and holds the weights', async () => {
    const source = cliFixture('modules.safetensors');
    const stateDict = await readStateDict(source);
    const code = codeFor(stateDict, { source });
    expect(code).to.include('// custom: unknown module').and.not.include('tf.sequential');
    const paths = [...new Set([...stateDict.keys()].map((key) => key.replace(/\.[^.]*$/, '')))];
    const camel = (path: string) => path.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const prefixes = Object.fromEntries(paths.map((path) => [camel(path), path]));
    const expected = [...stateDict.keys()].filter((key) => key !== 'custom.scale');
    expect((await runCode(code, prefixes)).sort()).to.deep.equal(expected.sort());
  }).timeout(COMPILE_LIMIT_MS);

  it('runs for names that are code, and puts none of it outside a string or a line of comment', async () => {
    const hostile = "x'); process.exit(3); ('\n*/ process.exit(4) //";
    const source = join(project.folder, "it's.safetensors");
    const file: StateDict = new Map([
      [`${hostile}.weight`, f32([2, 3])],
      [`${hostile}.bias`, f32([2])],
      ['0.1.weight', f32([3, 3])],
      ['0.1.bias', f32([3])],
      ['0-1.weight', f32([3, 3])],
      ['0-1.bias', f32([3])],
      ['class.weight', f32([3, 3])],
      ['class.bias', f32([3])],
      ['odd.\u2028process.exit(5)', f32([1])],
      ['__proto__.weight', f32([1])],
    ]);
    writeFileSync(source, writeSafetensors(file));
    const code = codeFor(file, { source });
    const loaded = await runCode(code, {
      xProcessExit3ProcessExit4: hostile,
      layer01: '0.1',
      layer012: '0-1',
      class2: 'class',
      proto: '__proto__',
    });
    expect(loaded).to.include.members(['0.1.weight', '0-1.bias', 'class.weight', '__proto__.weight']);
  }).timeout(COMPILE_LIMIT_MS);

  it('runs for recurrent layers alone', async () => {
    const source = cliFixture('layers.safetensors');
    const file = new Map([...(await readStateDict(source))].filter(([key]) => key.startsWith('gru.')));
    const own = join(project.folder, 'own.safetensors');
    writeFileSync(own, writeSafetensors(file));
    const code = codeFor(file, { source: own });
    expect(code).to.match(/^import '@tensorflow\/tfjs';/);
    expect((await runCode(code, { gru: 'gru' })).sort()).to.deep.equal([...file.keys()].sort());
  }).timeout(COMPILE_LIMIT_MS);

  it('makes no layer of a module with modules inside, which computes something else than torch does', async () => {
    const file: StateDict = new Map([
      ['cell.weight_ih', f32([16, 3])],
      ['cell.weight_hh', f32([16, 4])],
      ['cell.layernorm_i.weight', f32([16])],
      ['cell.layernorm_i.bias', f32([16])],
      ['fc.weight', f32([2, 4])],
      ['fc.bias', f32([2])],
      ['fc.lora_A.weight', f32([1, 4])],
    ]);
    const code = codeFor(file, { source: 'a' });
    expect(code)
      .to.include(
        '// cell: unknown module: it has the parameters of LSTMCell(3, 4, bias=False), but modules inside (layernorm_i), which ' +
          'torch.nn.LSTMCell has not.',
      )
      .and.include(
        '// fc: unknown module: it has the parameters of Linear(4, 2), but modules inside (lora_A)',
      )
      .and.not.include("{ prefix: 'cell' }")
      .and.not.include("{ prefix: 'fc' }");
  });

  it('repeats the path and the selection', () => {
    const code = codeFor(new Map([['w', f32([2, 2, 2, 2, 2])]]), {
      source: 'a.json',
      path: ['ema', "it's"],
      select: ['enc.gru'],
    });
    expect(code).to.include("readStateDict('a.json', { path: ['ema', 'it\\'s'], select: ['enc.gru'] });");
  });

  it('names tensors that the file has once, and puts no name outside the comment', () => {
    const tied: StateDict = new Map([
      ['embedding.weight', f32([4, 3])],
      ['out.weight', f32([4, 3])],
      ['out.bias', f32([4])],
    ]);
    const ties = new Map([['out.weight', 'embedding.weight']]);
    expect(rebuildingCode(recogniseModules(tied), { source: 'a', ties })).to.include(
      '// One tensor in the file: out.weight is embedding.weight.\n// Two weights here, which training moves apart: where they are ' +
        "trained, keep one layer, with both paths in loadStateDict's map.\n",
    );
    expect(codeFor(tied, { source: 'a' })).to.not.include('One tensor');
    const hostile = new Map([['out.weight', '\nprocess.exit(3)\u2028process.exit(4)']]);
    const code = rebuildingCode(recogniseModules(tied), { source: 'a', ties: hostile });
    expect(code.split(/[\n\u2028]/).filter((line) => line.startsWith('process'))).to.deep.equal([]);
  });

  it('says what a state_dict does not tell', () => {
    const rnn: StateDict = new Map([
      ['rnn.weight_ih_l0', f32([4, 3])],
      ['rnn.weight_hh_l0', f32([4, 4])],
      ['fc.weight', f32([2, 4])],
      ['fc.bias', f32([2])],
    ]);
    const code = codeFor(rnn, { source: 'a' });
    for (const word of [
      'batch_first',
      'nonlinearity',
      'returnSequences: false gives h[-1]',
      'activations, dropout',
    ])
      expect(code).to.include(word);
    expect(code).to.include('bias: false').and.include('inputShape: [null, 3]');
    const shapes = ['weight_ih_l0', 'weight_hh_l0', 'weight_ih_l0_reverse', 'weight_hh_l0_reverse'].map(
      (name) => [`rnn.${name}`, f32([4, name.includes('ih') ? 3 : 4])] as const,
    );
    const both = new Map([...shapes, ['fc.weight', f32([2, 8])], ['fc.bias', f32([2])]]);
    expect(codeFor(both, { source: 'a' })).to.include(
      'returnSequences: false gives torch.cat([h[-2], h[-1]], 1); for out[:, -1] pass true, and lastStep() behind it.',
    );
  });
});
