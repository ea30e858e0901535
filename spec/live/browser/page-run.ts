import type { PageEvent } from '../../support/page/events.js';
import type { Browser, Page } from './drivers.js';
import type { Replay } from './replay.js';

/** A page that has been silent for so long hangs: longer than a test may take in it. */
const PATIENCE_MS = 330_000;

/** Runs the specs in one page after the other, and says what each page took. */
export class PageRun {
  private readonly lines: string[] = [];
  private onEnd = (_fault?: string): void => {};
  private heardAt = 0;
  private isStopped = false;
  /** The test that runs. */
  private current = '';

  constructor(
    private readonly replay: Replay,
    private readonly specs: readonly string[],
    private readonly grep: string,
  ) {}

  hear(event: PageEvent): void {
    this.heardAt = Date.now();
    if (event.event === 'test') this.current = event.title;
    if (event.event === 'end') this.onEnd();
    else this.replay.hear(event);
  }

  /** Ends the page that runs, and begins no other. */
  stop(): void {
    this.isStopped = true;
    this.onEnd('the run was stopped');
  }

  /** @param backend one of a browser's, see `BROWSERS` */
  async page(browser: Browser, backend: string, url: string): Promise<void> {
    if (this.isStopped) return;
    const before = { ...this.replay.stats };
    const start = Date.now();
    this.replay.begin(`${browser.name}, ${backend}`);
    const page = await browser.open(`${url}/run?${this.query(backend)}`);
    const fault = await this.untilEnd(page);
    await page.close().catch(() => {});
    if (fault !== undefined) {
      const message = `${fault} in "${this.current}"`;
      this.replay.hear({ event: 'fail', title: 'comes to its end', message });
    }
    this.replay.end();
    const { passes, failures, pending } = this.replay.stats;
    const counts = `${passes - before.passes} passed, ${failures - before.failures} failed, ${pending - before.pending} skipped`;
    this.lines.push(`${browser.name}, ${backend}: ${counts}, ${Math.round((Date.now() - start) / 1000)} s`);
  }

  /** Titles of the suites of a backend name it. */
  private query(backend: string): string {
    const name = backend.replace('-threads', '');
    const ofBackend = backend === 'cpu' ? '' : `(?=[^]*\\[${name}\\])`;
    const query = new URLSearchParams({
      backend: name,
      specs: this.specs.map((spec) => spec.replace(/ts$/, 'js')).join(','),
      grep: `^${ofBackend}(?=[^]*(?:${this.grep}))`,
    });
    if (backend.endsWith('-threads')) query.set('isolated', '');
    return query.toString();
  }

  /** @returns why the page did not come to its end */
  private untilEnd(page: Page): Promise<string | undefined> {
    this.heardAt = Date.now();
    return new Promise((resolve) => {
      const watch = setInterval(() => {
        if (Date.now() - this.heardAt > PATIENCE_MS) this.onEnd('the page was silent');
      }, 1000);
      this.onEnd = (fault) => {
        clearInterval(watch);
        resolve(fault);
      };
      void page.ended.then((fault) => this.onEnd(fault));
    });
  }

  /** @returns the number of failures */
  finish(): number {
    console.log(['', ...this.lines].join('\n'));
    return this.replay.finish();
  }
}
