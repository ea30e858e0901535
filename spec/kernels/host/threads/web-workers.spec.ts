import { expect } from 'chai';
import { webWorkers } from '../../../../src/kernels/host/threads/web-workers.js';
import type { WorkerPlatform } from '../../../../src/kernels/host/threads/worker.js';

const PROGRAM = '(data, port) => port.leave()';

/** A worker of a browser that runs nothing. */
class SilentWorker {
  static readonly made: SilentWorker[] = [];
  readonly posted: unknown[] = [];
  isEnded = false;
  onmessage: (event: object) => void = () => {};
  onerror: (event: object) => void = () => {};

  constructor(readonly url: string) {
    SilentWorker.made.push(this);
  }
  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  terminate(): void {
    this.isEnded = true;
  }
}

describe('workers of browsers', () => {
  const names = ['Worker', 'crossOriginIsolated'] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

  beforeEach(() => {
    SilentWorker.made.length = 0;
    define('Worker', SilentWorker);
    define('crossOriginIsolated', true);
  });
  afterEach(() => {
    for (const [i, name] of names.entries()) {
      const descriptor = before[i];
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (globalThis as Record<string, unknown>)[name];
    }
  });

  /** @returns the worker, and what it has told. */
  function start(): { worker: SilentWorker; told: string[] } {
    const told: string[] = [];
    (webWorkers() as WorkerPlatform).start(
      PROGRAM,
      { value: 1 },
      {
        onError: (reason) => told.push(reason),
        onMessage: (message) => told.push(`message ${message}`),
        onExit: () => told.push('exit'),
      },
    );
    return { worker: SilentWorker.made.at(-1) as SilentWorker, told };
  }

  it('share memory on isolated pages alone', () => {
    expect(webWorkers()?.whyNotShared).to.equal(undefined);
    define('crossOriginIsolated', false);
    expect(webWorkers()?.whyNotShared).to.match(
      /^this page is not cross-origin isolated: it needs the headers /,
    );
  });

  it('are none where the global object has none, as in a service worker', () => {
    define('Worker', undefined);
    expect(webWorkers()).to.equal(undefined);
  });

  it('get their program from one blob URL, and their data by a message', async () => {
    const [first, second] = [start().worker, start().worker];
    expect(first.url).to.match(/^blob:/);
    expect(second.url).to.equal(first.url);
    expect(first.posted).to.deep.equal([{ value: 1 }]);
    expect(await (await fetch(first.url)).text()).to.include(PROGRAM);
  });

  it('tell that they leave, and pass on other messages', () => {
    const { worker, told } = start();
    worker.onmessage({ data: 7 });
    worker.onmessage({ data: 'has left' });
    expect(told).to.deep.equal(['message 7', 'exit']);
  });

  it('are ended where their code throws', () => {
    const { worker, told } = start();
    let isPrevented = false;
    const preventDefault = () => {
      isPrevented = true;
    };
    worker.onerror({ message: 'RuntimeError: unreachable', preventDefault });
    expect(told).to.deep.equal(['RuntimeError: unreachable', 'exit']);
    expect(worker.isEnded).to.equal(true);
    expect(isPrevented, 'else it is an error of the page').to.equal(true);
  });

  it('tell of the policy that may have blocked them where they do not start', () => {
    const { worker, told } = start();
    worker.onerror({ preventDefault: () => {} });
    expect(told).to.deep.equal([
      "its workers do not start. Does the page's Content-Security-Policy lack blob: in worker-src?",
      'exit',
    ]);
  });
});
