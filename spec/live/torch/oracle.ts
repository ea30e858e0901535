import { fileURLToPath } from 'node:url';
import { LineProcess } from '../../../scripts/support/line-process.js';
import { parseFixture } from '../../support/fixtures.js';

const TORCH_VERSION = '2.13';
export const PYTHON: string = process.env.TORCH_PYTHON ?? 'python3';
const REMEDY =
  'Run `pip install -r scripts/requirements.txt`, or name the Python that has it in the variable TORCH_PYTHON.';

type Answer<T> = { readonly result: T } | { readonly error: string };

/** A Python process that runs PyTorch; oracle/main.py lists the requests. */
export class Oracle {
  private constructor(private readonly process: LineProcess) {}

  /** @throws Error with the remedy when Python, PyTorch of the right version or safetensors is missing. */
  static async start(): Promise<Oracle> {
    const script = fileURLToPath(new URL('./oracle/main.py', import.meta.url));
    const oracle = new Oracle(new LineProcess(PYTHON, [script]));
    const { torch } = await oracle.answer<{ torch: string }>();
    if (torch.startsWith(`${TORCH_VERSION}.`)) return oracle;
    oracle.stop();
    throw new Error(`PyTorch ${TORCH_VERSION} is the reference, found ${torch}. ${REMEDY}`);
  }

  /** One at a time: the answer to a request comes before the next request. */
  async ask<T>(request: { readonly command: string; readonly [key: string]: unknown }): Promise<T> {
    this.process.send(request);
    return this.answer<T>();
  }

  stop(): void {
    this.process.end();
  }

  private async answer<T>(): Promise<T> {
    const line = await this.process.nextLine();
    if (line === undefined)
      throw new Error(`${PYTHON} cannot run PyTorch ${TORCH_VERSION}: ${this.process.lastWords}. ${REMEDY}`);
    const answer = parseFixture<Answer<T>>(line);
    if ('error' in answer) throw new Error(`oracle/main.py:\n${answer.error}`);
    return answer.result;
  }
}
