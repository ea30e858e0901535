/** What a page tells the server of its run, in order. */

export interface PageEvent {
  readonly event: 'suite' | 'suite end' | 'test' | 'pass' | 'pending' | 'fail' | 'end';
  readonly title: string;
  readonly fullTitle?: string;
  readonly duration?: number | undefined;
  /** Why the test was skipped, as skip() has written it. */
  readonly body?: string | undefined;
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
}

let sent: Promise<unknown> = Promise.resolve();
let waiting: PageEvent[] = [];

/** Those of one stretch of work go together. */
export function send(event: PageEvent): void {
  if (waiting.push(event) > 1) return;
  sent = sent.then(() => {
    const body = JSON.stringify(waiting);
    waiting = [];
    return fetch('/events', { method: 'POST', body });
  });
}
