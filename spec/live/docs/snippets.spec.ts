import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readStateDict, type StateDict, type TorchTensor } from '../../../src/state-dict/index.js';
import { FORWARD_TOLERANCE } from '../../support/tolerance.js';
import { optionsModule } from './options.js';
import { blocksOf, type Page, ROOT, readPages } from './pages.js';
import { type Program, programsOf } from './programs.js';
import { addModule, compile, makeProject, type Outcome, removeProject, runModules } from './project.js';

const FIXTURE = join(ROOT, 'spec/fixtures/docs/porting.safetensors');
/** Programs of torch.export, by their names in the pages. */
const PROGRAM_FILES = {
  'model.pt2': 'examples/programs/classifier.pt2',
  'gru.pt2': 'examples/programs/gru.pt2',
  'clipped.pt2': 'spec/fixtures/docs/clipped.pt2',
};
const PORTING = 'docs/porting.md';

const pages = readPages();
const porting = pages.find(({ path }) => path === PORTING) as Page;
const programs = pages.flatMap(programsOf);
const isPort = ({ title }: Program) => title.startsWith(`${PORTING}:`);

/** What each section of the guide is given, and its numbers from PyTorch. */
async function addIdioms(folder: string): Promise<void> {
  copyFileSync(FIXTURE, join(folder, 'porting.safetensors'));
  for (const { section } of programs.filter(isPort)) {
    const source = `import { idiom } from '../idiom.js';\nexport const { ids, lengths, stateDict, x } = await idiom('${section}');\n`;
    await addModule(folder, `given/idioms/${section}`, source);
  }
}

describe('the TypeScript of the documentation', function () {
  this.timeout(300_000);
  let folder = '';
  let messages = new Map<string, string>();
  let outcomes = new Map<string, Outcome>();
  let fixture: StateDict = new Map();

  before(async () => {
    fixture = await readStateDict(FIXTURE);
    folder = await makeProject();
    await addIdioms(folder);
    for (const [name, file] of Object.entries(PROGRAM_FILES))
      copyFileSync(join(ROOT, file), join(folder, name));
    for (const program of programs)
      await addModule(folder, program.name, program.source + (isPort(program) ? 'export { y };\n' : ''));
    await addModule(folder, 'options', optionsModule());
    for (const usesNode of [false, true]) {
      const names = programs.filter((program) => program.usesNode === usesNode).map(({ name }) => name);
      if (!usesNode) names.push('options');
      messages = new Map([...messages, ...(await compile(folder, names, usesNode ? ['node'] : []))]);
    }
    outcomes = await runModules(
      folder,
      programs.filter(({ isRun }) => isRun).map(({ name }) => name),
    );
  });

  after(() => removeProject(folder));

  it('may pass undefined for every option that it may leave out', () => {
    expect(messages.get('options') ?? '').to.equal('');
  });

  it('is given values that compile', () => {
    const own = new Set(['options', ...programs.map(({ name }) => name)]);
    expect([...messages].filter(([name]) => !own.has(name))).to.deep.equal([]);
  });

  for (const program of programs) {
    it(`${program.title} compiles under the settings of tsc --init`, () => {
      expect(messages.get(program.name) ?? '').to.equal('');
    });
    if (program.isRun)
      it(`${program.title} runs`, () => {
        expect(outcomes.get(program.name) ?? 'it ended the process').to.not.have.property('failure');
        expect(outcomes.has(program.name)).to.equal(true);
      });
    if (isPort(program))
      it(`${program.title} computes what PyTorch computes`, () => {
        const expected = fixture.get(`${program.section}/y`);
        const y = outcomes.get(program.name)?.y;
        expect(y?.shape).to.deep.equal(expected?.shape);
        const values = Array.from((expected as TorchTensor).data, Number);
        const differences = values.map((value, i) => Math.abs(value - (y?.data[i] as number)));
        expect(Math.max(...values.map(Math.abs))).to.be.above(0.1);
        expect(Math.max(...differences)).to.be.below(FORWARD_TOLERANCE);
      });
  }
});

describe('the porting guide', () => {
  const blocks = blocksOf(porting);
  const python = new Map(
    blocks.filter(({ language }) => language === 'python').map(({ section, code }) => [section, code]),
  );

  it('has the Python that made its numbers: else run scripts/fixtures/make_porting.py', async () => {
    let metadata: ReadonlyMap<string, string> = new Map();
    await readStateDict(FIXTURE, {
      onReport: (report) => (metadata = report.metadata ?? metadata),
    });
    expect(Object.fromEntries([...python].map(([section, code]) => [section, `${code}\n`]))).to.deep.equal(
      Object.fromEntries(metadata),
    );
  });

  it('has the TypeScript beside each Python', () => {
    expect(programs.filter(isPort).map(({ section }) => section)).to.deep.equal([...python.keys()]);
  });

  const rows = porting.text.matchAll(/^\| `([^|]*)` \| (.*) \| \[.*\]\(#(.*)\) \|$/gm);
  for (const [, torch, here, section] of [...rows])
    it(`shows code that the section has: ${torch}`, () => {
      expect(python.get(section as string)).to.include(torch);
      const code = programs.find((program) => isPort(program) && program.section === section)?.source;
      for (const [, span] of (here as string).matchAll(/`([^`]*)`/g)) expect(code).to.include(span);
    });
});
