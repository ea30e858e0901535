import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { examine } from '../../../src/cli/inspect/examine.js';
import { type StateDict, writeSafetensors } from '../../../src/state-dict/index.js';
import { resolveLimits } from '../../../src/state-dict/rules/limits.js';
import { axeFaults, expectNoOverflow, type Opened, openPage } from './support/open-page.js';
import { builtPage } from './support/server.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Good files of each format. */
const GOOD = [
  'cli/modules.safetensors',
  'cli/checkpoint.pt',
  'found-files/modules/net.pt',
  'numpy/compressed.npz',
  'keras/2/tagger.json',
];

/** Broken and foreign ones, and what the library says of them. */
const BROKEN = [
  [
    'safetensors/vectors/24_truncated',
    'readStateDict: Blob "24_truncated": safetensors: file: expected 81 bytes (8 + header 57 + data 16), got 80. It is cut short',
  ],
  ['safetensors/vectors/56_header_u64max', 'readStateDict: Blob "56_header_u64max": '],
  ['found-files/quantised/gru_int8_model.pt', 'readStateDict: Blob "gru_int8_model.pt": '],
] as const;

async function pick(page: Page, kind: 'file' | 'folder', path: string | string[]): Promise<void> {
  await page.locator(`[data-picker=${kind}]`).setInputFiles(path);
}

async function openFileTab(options = {}): Promise<Opened> {
  const opened = await openPage(`${await builtPage()}#file`, options);
  await opened.page.getByRole('button', { name: 'Open a file' }).waitFor();
  return opened;
}

describe('the page: your file', () => {
  let opened: Opened;
  let page: Page;

  before(async () => {
    opened = await openFileTab();
    page = opened.page;
  });
  after(async () => {
    await opened?.close();
    expect(opened.faults).to.deep.equal([]);
  });

  for (const path of GOOD)
    it(`shows what inspect finds in ${path}`, async () => {
      const name = path.split('/').at(-1) as string;
      const caller = 'inspect';
      const found = await examine(caller, `${FIXTURES}${path}`, name, { limits: resolveLimits(caller) });
      await pick(page, 'file', `${FIXTURES}${path}`);
      await page.getByRole('heading', { name, exact: true }).waitFor();
      expect(await page.locator('.code pre').textContent()).to.equal(found.code);
      const { tensors } = found.description;
      const names = await page.locator('.tensors li code').allTextContents();
      expect(names.slice(0, tensors.size)).to.deep.equal([...tensors.keys()].slice(0, 40));
      await page.locator('.tensors progress').waitFor({ state: 'detached' });
      const empty = [...tensors.values()].filter(({ shape }) => shape.includes(0)).length;
      expect(await page.locator('.histogram').count()).to.equal(Math.min(tensors.size, 40) - empty);
    });

  for (const [path, text] of BROKEN)
    it(`tells what is wrong with ${path}`, async () => {
      await pick(page, 'file', `${FIXTURES}${path}`);
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).to.contain(text);
      expect(await page.locator('.tensors').count()).to.equal(0);
    });

  it('tells of the tensors that cannot be read', async () => {
    await pick(page, 'file', `${FIXTURES}numpy/refused.npz`);
    await page.getByText('Cannot be read: an array of strings.').first().waitFor();
  });

  it('opens its own model, with values', async () => {
    await page.getByRole('button', { name: 'Open the model of this page' }).click();
    await page.getByText('GRU(32, 128, bidirectional=True)').waitFor();
    await page
      .getByRole('img', { name: /^Values from -?\d/ })
      .nth(10)
      .waitFor();
  });
});

describe('the page: folders, checkpoints and large files', () => {
  let opened: Opened;
  let page: Page;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'page-'));
    opened = await openFileTab();
    page = opened.page;
  });
  after(async () => {
    await opened?.close();
    await rm(folder, { recursive: true });
    expect(opened.faults).to.deep.equal([]);
  });

  function tensors(...names: string[]): Uint8Array {
    const tensor = { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
    const stateDict: StateDict = new Map(names.map((name) => [name, tensor]));
    return writeSafetensors(stateDict);
  }

  it('reads a model in several files from its folder', async () => {
    const weightMap = { 'a.weight': 'one.safetensors', 'b.weight': 'two.safetensors' };
    const index = join(folder, 'model.safetensors.index.json');
    await writeFile(index, JSON.stringify({ weight_map: weightMap }));
    await writeFile(join(folder, 'one.safetensors'), tensors('a.weight'));
    await writeFile(join(folder, 'two.safetensors'), tensors('b.weight'));
    await pick(page, 'folder', folder);
    await page.getByText('safetensors in 2 files').waitFor();
    await page.getByRole('img', { name: 'Values from 1 to 6, mean 3.5, deviation 1.71' }).nth(1).waitFor();
  });

  it('says which file of it is not there', async () => {
    await rm(join(folder, 'two.safetensors'));
    await pick(page, 'folder', folder);
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).to.contain('two.safetensors');
  });

  it('lets one be chosen of several', async () => {
    await rm(join(folder, 'model.safetensors.index.json'));
    await writeFile(join(folder, 'three.safetensors'), tensors('c.weight'));
    await pick(page, 'folder', folder);
    await page.getByRole('button', { name: 'three.safetensors' }).click();
    await page.getByRole('heading', { name: 'three.safetensors' }).waitFor();
  });

  it('takes a dropped file', async () => {
    const bytes = [...tensors('dropped.weight')];
    const data = await page.evaluateHandle((values) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(values)], 'dropped.safetensors'));
      return transfer;
    }, bytes);
    await page.locator('.picker').dispatchEvent('drop', { dataTransfer: data });
    await page.getByRole('heading', { name: 'dropped.safetensors' }).waitFor();
  });

  it('reads the dict of a checkpoint that is asked for', async () => {
    const tensor = { dtype: 'float32', shape: [1], data: [1] };
    const file = join(folder, 'two-dicts.json');
    await writeFile(file, JSON.stringify({ ema: { w: tensor }, model: { w: tensor, b: tensor } }));
    await pick(page, 'file', file);
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).to.contain('"Dict of the checkpoint"');
    await page.getByLabel('Dict of the checkpoint').fill('ema');
    await page.getByRole('button', { name: 'Read it' }).click();
    await page.getByText('json, dict ema').waitFor();
  });

  it('shows thousands of tensors a part at a time, and the page stays usable meanwhile', async () => {
    const file = join(folder, 'many.safetensors');
    await writeFile(file, tensors(...Array.from({ length: 3000 }, (_, i) => `layer${i}.weight`)));
    await pick(page, 'file', file);
    await page.getByRole('heading', { name: '3,000 tensors' }).waitFor();
    expect(await page.locator('.tensors li').count()).to.equal(40);
    await page.getByRole('button', { name: 'Show 40 more of 2,960' }).click();
    await page.locator('.histogram').nth(79).waitFor();
  });
});

describe('the page: your file, as people see it', () => {
  for (const scheme of ['light', 'dark'] as const)
    it(`axe finds nothing wrong, ${scheme}, on a phone's width`, async () => {
      const { page, faults, close } = await openFileTab({ scheme, width: 360 });
      expect(await axeFaults(page), 'before a file').to.deep.equal([]);
      await pick(page, 'file', `${FIXTURES}cli/checkpoint.pt`);
      await page.locator('.histogram').nth(15).waitFor();
      expect(await axeFaults(page), 'a file').to.deep.equal([]);
      await expectNoOverflow(page);
      await pick(page, 'file', `${FIXTURES}${BROKEN[0][0]}`);
      await page.getByRole('alert').waitFor();
      expect(await axeFaults(page), 'a broken file').to.deep.equal([]);
      await close();
      expect(faults).to.deep.equal([]);
    });
});
