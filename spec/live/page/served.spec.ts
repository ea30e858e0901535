import { expect } from 'chai';
import { openPage } from './support/open-page.js';
import { builtPage, startDevelopment } from './support/server.js';

/** That the network runs, its gates are drawn and a worker starts. */
async function expectToWork(address: string, isIsolated: boolean): Promise<void> {
  const { page, faults, close } = await openPage(address);
  await page.getByRole('heading', { name: 'German', exact: true }).waitFor();
  await page.locator('.map canvas').first().waitFor();
  expect(await page.evaluate(() => crossOriginIsolated)).to.equal(isIsolated);
  await page.getByText(`This page is ${isIsolated ? '' : 'not '}isolated from other origins`).waitFor();
  await page.getByRole('tab', { name: 'Your file' }).click();
  await page.getByRole('button', { name: 'Open the model of this page' }).click();
  await page.getByText('GRU(32, 128, bidirectional=True)').waitFor();
  await close();
  expect(faults).to.deep.equal([]);
}

describe('the page: how it is served', () => {
  it('runs in development, isolated, at the address that the command prints', async () => {
    await expectToWork(await startDevelopment(), true);
  });

  it('runs as static files with the headers', async () => expectToWork(await builtPage(), true));

  it('runs as static files under any path, without the headers', async () =>
    expectToWork(await builtPage('plain'), false));

  it('moves between tabs by keys, and follows its address', async () => {
    const { page, faults, close } = await openPage(await builtPage());
    const selected = () => page.locator('[role=tab][aria-selected=true]').textContent();
    await page.getByRole('tab', { name: 'Language' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await selected()).to.equal('Your file');
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Your file');
    await page.getByRole('button', { name: 'Open a file' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    expect(await selected()).to.equal('Language');
    await page.keyboard.press('ArrowLeft');
    expect(await selected(), 'around the end').to.equal('Measure');
    await page.keyboard.press('Home');
    expect(await selected()).to.equal('Language');
    await page.keyboard.press('End');
    expect(new URL(page.url()).hash).to.equal('#measure');
    await page.evaluate(() => {
      location.hash = '#file';
    });
    await page.getByRole('tab', { name: 'Your file', selected: true }).waitFor();
    await close();
    expect(faults).to.deep.equal([]);
  });

  it('forbids what it does not need', async () => {
    const { page, close } = await openPage(await builtPage('plain'));
    const [answer, hasRun] = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "inline"';
      document.head.append(script);
      const request = fetch('https://example.com/').then(
        () => 'answered',
        () => 'refused',
      );
      return [await request, document.title === 'inline'];
    });
    expect([answer, hasRun]).to.deep.equal(['refused', false]);
    await close();
  });
});
