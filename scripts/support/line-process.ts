import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A child process that takes one JSON request a line on standard input, and answers each with a line. */
export class LineProcess {
  private stderr = '';
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(command, args, { env, stdio: 'pipe' });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.child.on('error', (error) => {
      this.stderr += error.message;
    });
    // A process that ended takes no more requests; the caller sees it by the missing answer.
    this.child.stdin?.on('error', () => {});
    this.lines = createInterface({ input: this.child.stdout as Readable })[Symbol.asyncIterator]();
  }

  send(request: object): void {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  /** @returns undefined when the process has ended; `lastWords` may say why. */
  async nextLine(): Promise<string | undefined> {
    const line = await this.lines.next();
    return line.done ? undefined : line.value;
  }

  /** The last line of standard error. */
  get lastWords(): string {
    return this.stderr.trim().split('\n').at(-1) ?? '';
  }

  /** Closes standard input: no more requests follow, and the process may end. */
  end(): void {
    this.child.stdin?.end();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
