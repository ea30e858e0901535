import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { axeFaults, expectNoOverflow, type Opened, openPage } from './support/open-page.js';
import { builtPage } from './support/server.js';

const BACKENDS = ['wasm', 'cpu', 'webgl', 'webgpu'];

async function openMeasureTab(options = {}): Promise<Opened> {
  const opened = await openPage(`${await builtPage()}#measure`, options);
  await opened.page.getByRole('button', { name: 'Measure' }).waitFor();
  return opened;
}

function checkbox(page: Page, backend: string) {
  return page.getByRole('checkbox', { name: backend, exact: true });
}

/** Measures on these backends alone. */
async function measureOn(page: Page, backends: readonly string[]): Promise<void> {
  for (const backend of BACKENDS) await checkbox(page, backend).setChecked(backends.includes(backend));
  await page.getByRole('button', { name: 'Measure' }).click();
}

async function untilDone(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  await page.getByRole('button', { name: 'Measure' }).waitFor();
}

describe('the page: measure', () => {
  let opened: Opened;
  let page: Page;

  before(async () => {
    opened = await openMeasureTab();
    page = opened.page;
  });
  after(async () => {
    await opened?.close();
    expect(opened.faults).to.deep.equal([]);
  });

  it('gives a bar of each layer on each backend, while the page answers', async () => {
    await measureOn(page, BACKENDS);
    await page.getByRole('tab', { name: 'Language' }).click();
    await page.locator('#phrase').fill('Hyvää huomenta kaikille');
    await page.getByRole('heading', { name: 'Finnish', exact: true }).waitFor();
    await page.getByRole('tab', { name: 'Measure' }).click();
    await untilDone(page);
    const groups = await page.locator('.time-group h3').allTextContents();
    expect(groups).to.deep.equal(BACKENDS);
    const times = await page
      .locator('.time-group data')
      .evaluateAll((all) => all.map((one) => Number((one as HTMLDataElement).value)));
    expect(times).to.have.length(3 * BACKENDS.length);
    expect(times.every((time) => time > 0)).to.equal(true);
    const widths = await page
      .locator('.time-group rect')
      .evaluateAll((all) => all.map((one) => Number(one.getAttribute('width'))));
    const longest = times.indexOf(Math.max(...times));
    expect(widths.indexOf(Math.max(...widths))).to.equal(longest);
    expect(widths.every((width) => width > 0 && width <= 1)).to.equal(true);
  });

  it('is cancelled, and starts again', async () => {
    await measureOn(page, ['cpu', 'wasm']);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Measure' }).waitFor();
    expect(await page.locator('.time-group').count()).to.be.at.most(1);
    await page.getByLabel('batch').check();
    await measureOn(page, ['wasm']);
    await untilDone(page);
    expect(await page.locator('.time-group data').count()).to.equal(3);
    await page.getByText('128 → 128 units, 8 rows of 50 steps.').waitFor();
  });

  it('asks for a backend at least', async () => {
    for (const backend of BACKENDS) await checkbox(page, backend).uncheck();
    expect(await page.getByRole('button', { name: 'Measure' }).isDisabled()).to.equal(true);
  });
});

describe('the page: measure, as people see it', () => {
  for (const scheme of ['light', 'dark'] as const)
    it(`axe finds nothing wrong, ${scheme}, on a phone's width`, async () => {
      const { page, faults, close } = await openMeasureTab({ scheme, width: 360 });
      await measureOn(page, ['wasm']);
      await page.locator('.time-group data').first().waitFor();
      expect(await axeFaults(page), 'under way').to.deep.equal([]);
      await page.getByRole('button', { name: 'Measure' }).waitFor();
      expect(await axeFaults(page), 'done').to.deep.equal([]);
      await expectNoOverflow(page);
      await close();
      expect(faults).to.deep.equal([]);
    });
});
