/** Hands the events of pages to the reporter of `npm test`, as if they were one run of mocha. */

import { EventEmitter } from 'node:events';
import type Mocha from 'mocha';
import type { PageEvent } from '../../support/page/events.js';
import PlainReporter from '../../support/plain-reporter.mjs';

const SLOW_MS = 75;

/** Events that end a test, and their counts. */
const COUNTED = { pass: 'passes', pending: 'pending', fail: 'failures' } as const;

export class Replay {
  private readonly runner = new EventEmitter() as Mocha.Runner;
  readonly stats = { suites: 0, tests: 0, passes: 0, pending: 0, failures: 0, duration: 0 };
  private readonly start = Date.now();
  /** The suites that have begun and not ended, the page's own first. */
  private readonly open: string[] = [];

  constructor() {
    Object.assign(this.runner, { stats: this.stats });
    new PlainReporter(this.runner, {});
    this.emit('start');
    this.emit('suite', { title: '', root: true });
  }

  private emit(event: string, ...args: unknown[]): void {
    (this.runner as EventEmitter).emit(event, ...args);
  }

  /** A page, as a suite that holds its own. */
  begin(page: string): void {
    this.open.push(page);
    this.emit('suite', { title: page });
  }

  /** Suites of a page that did not come to its end are over as well. */
  end(): void {
    while (this.open.pop() !== undefined) this.emit('suite end', {});
  }

  hear({ event, title, fullTitle = title, duration = 0, body, message = '', stack }: PageEvent): void {
    if (event === 'suite') {
      this.open.push(title);
      this.emit(event, { title });
    }
    if (event === 'suite end') {
      this.open.pop();
      this.emit(event, { title });
    }
    const counted = COUNTED[event as keyof typeof COUNTED];
    if (counted === undefined) return;
    this.stats[counted]++;
    const [page] = this.open;
    const test = {
      title,
      fullTitle: () => `${page}: ${fullTitle}`,
      titlePath: () => [`${page}: ${fullTitle}`],
      duration,
      body,
      speed: duration > SLOW_MS ? 'slow' : 'fast',
      slow: () => SLOW_MS,
    };
    this.emit(event, test, ...(event === 'fail' ? [{ message, stack: stack ?? message }] : []));
  }

  /** Prints failures, what was skipped, and counts. @returns the number of failures */
  finish(): number {
    this.emit('suite end', {});
    this.stats.duration = Date.now() - this.start;
    this.emit('end');
    return this.stats.failures;
  }
}
