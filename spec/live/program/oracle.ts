import { fileURLToPath } from 'node:url';
import { LineProcess } from '../../../scripts/support/line-process.js';
import { parseFixture } from '../../support/fixtures.js';

const PYTHON = process.env.TORCH_PYTHON ?? 'python3';

type Answer<T> = { readonly result: T } | { readonly error: string };

/** One of the Python files beside this one that answer a JSON request a line. */
export class Oracle {
  private readonly process: LineProcess;

  constructor(
    private readonly script: string,
    args: readonly string[] = [],
  ) {
    this.process = new LineProcess(PYTHON, [fileURLToPath(new URL(script, import.meta.url)), ...args]);
  }

  /** One at a time: the answer to a request comes before the next request. */
  async ask<T>(request: object): Promise<T> {
    this.process.send(request);
    const line = await this.process.nextLine();
    if (line === undefined) throw new Error(`${PYTHON} cannot run ${this.script}: ${this.process.lastWords}`);
    const answer = parseFixture<Answer<T>>(line);
    if ('error' in answer) throw new Error(`${this.script}:\n${answer.error}`);
    return answer.result;
  }

  stop(): void {
    this.process.end();
  }
}
