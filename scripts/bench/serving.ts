/** What a peer answers to requests, in a process or in a page. See protocol.ts. */

import { parseStateDict, writeSafetensors } from '../../src/state-dict/index.js';
import type { Peer, Prepared } from './peers/peer.js';
import type { Block, Measured, Request } from './protocol.js';

/** What a process and a page have in different ways. */
export interface Surroundings {
  read(file: string): Promise<Uint8Array>;
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Milliseconds of processor time so far, all threads. */
  cpuMs?(): number;
  /** Shorter times than this are of several calls in a row, as the clock is too coarse for one. */
  readonly leastMs: number;
}

export class Serving {
  private current: Prepared | undefined;

  constructor(
    private readonly peer: Peer,
    private readonly surroundings: Surroundings,
  ) {}

  /** @throws Error where no case is prepared. */
  get prepared(): Prepared {
    if (!this.current) throw new Error('no case is prepared');
    return this.current;
  }

  /** @throws RangeError for a request that only pages answer. */
  async handle(request: Request): Promise<unknown> {
    switch (request.command) {
      case 'prepare': {
        await this.current?.dispose();
        this.current = undefined;
        const numbers = parseStateDict(await this.surroundings.read(request.numbers));
        this.current = await this.peer.prepare(request.case, numbers);
        return {};
      }
      case 'results':
        await this.surroundings.write(request.file, writeSafetensors(await this.prepared.results()));
        return {};
      case 'measure':
        return this.measure(request);
      default:
        throw new RangeError(`command: expected one that a process answers, got "${request.command}"`);
    }
  }

  private async measure({ warmMs, blockMs, maxRuns }: Block): Promise<Measured> {
    const { prepared } = this;
    const { cpuMs } = this.surroundings;
    if (warmMs > 0) await this.repeat(warmMs, Number.POSITIVE_INFINITY);
    const before = cpuMs?.() ?? 0;
    const times = await this.repeat(blockMs, maxRuns);
    const cpu = cpuMs && (cpuMs() - before) / times.length;
    return {
      times,
      ...(cpu === undefined ? {} : { cpu }),
      ...(prepared.ran ? { ran: prepared.ran() } : {}),
    };
  }

  private async repeat(ms: number, maxRuns: number): Promise<number[]> {
    const { prepared } = this;
    const { leastMs } = this.surroundings;
    const times: number[] = [];
    const end = performance.now() + ms;
    let now: number;
    do {
      if (prepared.refresh) await prepared.refresh();
      const start = performance.now();
      let calls = 0;
      do {
        const result = prepared.run();
        // A synchronous call does not wait for the event loop.
        if (result instanceof Promise) await result;
        calls++;
        now = performance.now();
      } while (now - start < leastMs && !prepared.refresh);
      times.push((now - start) / calls);
    } while (now < end && times.length < maxRuns);
    return times;
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
