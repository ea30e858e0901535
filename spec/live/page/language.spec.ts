import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { computeLogits, softmax } from '../../../examples/language-id/classify.js';
import { createEncoder } from '../../../examples/language-id/text.js';
import { loadClassifier, readDescription } from '../../../examples/language-id/trained.js';
import { axeFaults, expectNoOverflow, type Opened, openPage } from './support/open-page.js';
import { builtPage } from './support/server.js';

const PHRASE = 'Hyvää huomenta kaikille';

/** What the demo computes of a phrase in Node. */
async function demoProbabilities(phrase: string): Promise<number[]> {
  await tf.setBackend('cpu');
  const description = await readDescription();
  const model = await loadClassifier(description);
  const [logits] = await computeLogits(model, [createEncoder(description.characters)(phrase)]);
  model.dispose();
  return Array.from(softmax(logits!));
}

/** Waits until the page shows these probabilities: of float32 logits, within 1e-4 of each other on all backends. */
async function expectProbabilities(page: Page, expected: readonly number[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const shown = [...document.querySelectorAll<HTMLDataElement>('.bars data')].map(({ value }) =>
      Number(value),
    );
    return (
      shown.length === wanted.length && shown.every((one, i) => Math.abs(one - (wanted[i] as number)) <= 1e-4)
    );
  }, expected);
}

/** Waits until so many threads beside its own run in the page. */
async function expectWorkers(page: Page, count: number): Promise<void> {
  const ended = page.workers().slice(count);
  await Promise.all(ended.map((worker) => worker.waitForEvent('close')));
  while (page.workers().length < count) await page.waitForEvent('worker');
}

describe('the page: language', () => {
  let opened: Opened;
  let page: Page;
  let expected: number[];

  before(async () => {
    expected = await demoProbabilities(PHRASE);
    opened = await openPage(await builtPage());
    page = opened.page;
    await page.locator('.bars .best').waitFor();
  });
  after(async () => {
    await opened?.close();
    expect(opened.faults).to.deep.equal([]);
  });

  it("moves its bars at each key, and ends at the demo's probabilities", async () => {
    await page.locator('#phrase').fill('');
    await page.getByRole('heading', { name: 'Nothing typed yet' }).waitFor();
    const seen: string[] = [];
    for (const key of 'kaikk') {
      await page.locator('#phrase').press(key);
      await page.waitForFunction(
        (before) => document.querySelector('.bars')?.textContent !== before,
        seen.at(-1) ?? '',
      );
      seen.push((await page.locator('.bars').textContent()) as string);
    }
    expect(new Set(seen).size).to.equal(5);
    await page.locator('#phrase').fill(PHRASE);
    await expectProbabilities(page, expected);
    await page.getByRole('heading', { name: 'Finnish', exact: true }).waitFor();
  });

  for (const backend of ['cpu', 'webgl', 'webgpu', 'wasm']) {
    it(`gives the same probabilities on ${backend}, and says what ran`, async () => {
      await page.locator('#phrase').fill('x');
      await page.getByLabel(backend, { exact: true }).check();
      await page.getByRole('heading', { name: `describeKernels() on ${backend}` }).waitFor();
      await page.locator('#phrase').fill(PHRASE);
      await expectProbabilities(page, expected);
      // The engine or a kernel of WebGPU: a bundle without them runs the reference, unseen.
      expect(await page.locator('.kernel strong').textContent()).to.equal('fused');
      expect(await page.locator('[data-figure=median]').textContent()).to.match(/^[\d.,]+ ms$/);
    });
  }

  it('runs on another number of threads, which start under its policy', async () => {
    await page.locator('#phrase').fill(PHRASE);
    await page.getByLabel('Threads').selectOption('1');
    await expectProbabilities(page, expected);
    await expectWorkers(page, 0);
    await page.getByLabel('Threads').selectOption('2');
    await page.locator('#phrase').fill('x');
    await page.locator('#phrase').fill(PHRASE);
    await expectProbabilities(page, expected);
    await expectWorkers(page, 1);
    expect(page.workers().map((worker) => new URL(worker.url()).protocol)).to.deep.equal(['blob:']);
  });

  it('tells of characters outside the alphabet', async () => {
    await page.locator('#phrase').fill('日本');
    await page.getByText("2 characters are outside the network's alphabet.").waitFor();
    await page.getByRole('heading', { name: 'Unreadable' }).waitFor();
  });

  it('has a map with a column for each character that the network reads', async () => {
    await page.locator('#phrase').fill('İstanbul');
    const canvas = page.locator('.map canvas').first();
    // A capital with a dot is two characters in lower case.
    await page.waitForFunction(() => document.querySelector('canvas')?.width === 9);
    await canvas.hover();
    expect(await page.locator('.map output').first().textContent()).to.match(/^.̇?, unit \d+: 0\.\d\d$/);
    await page.getByLabel('right to left').check();
    await canvas.waitFor();
  });
});

describe('the page: a backend that does not start', () => {
  it('is told, and the others go on', async () => {
    const { page, close } = await openPage(await builtPage());
    await page.getByRole('heading', { name: 'German', exact: true }).waitFor();
    await page.evaluate(() => {
      const { gpu } = navigator as unknown as { gpu: { requestAdapter(): Promise<null> } };
      gpu.requestAdapter = async () => null;
    });
    await page.getByLabel('webgpu', { exact: true }).check();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).to.equal(
      'The webgpu backend does not start in this browser.',
    );
    await page.getByLabel('cpu', { exact: true }).check();
    await page.locator('#phrase').fill('Hyvää huomenta kaikille');
    await page.getByRole('heading', { name: 'Finnish', exact: true }).waitFor();
    await page.getByRole('heading', { name: 'describeKernels() on cpu' }).waitFor();
    expect(await page.getByRole('alert').count()).to.equal(0);
    await close();
  });
});

describe('the page: language, as people see it', () => {
  for (const scheme of ['light', 'dark'] as const)
    it(`axe finds nothing wrong, ${scheme}, on a phone's width`, async () => {
      const opened = await openPage(await builtPage(), { scheme, width: 360 });
      await opened.page.locator('.bars .best').waitFor();
      await opened.page.locator('.map canvas').first().waitFor();
      expect(await axeFaults(opened.page)).to.deep.equal([]);
      await expectNoOverflow(opened.page);
      await opened.close();
      expect(opened.faults).to.deep.equal([]);
    });
});
