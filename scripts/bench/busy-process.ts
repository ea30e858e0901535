/** A process that does nothing but take a processor, and ends when the benchmark does; stopped until it is told to begin. */

import { type ChildProcess, spawn } from 'node:child_process';

const LOOP = 'const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 1e8; i++);';

export class BusyProcess {
  private readonly process: ChildProcess = spawn(process.execPath, ['-e', LOOP], { stdio: 'ignore' });

  constructor() {
    this.pause();
  }

  begin(): void {
    this.process.kill('SIGCONT');
  }

  pause(): void {
    this.process.kill('SIGSTOP');
  }

  stop(): void {
    this.process.kill('SIGKILL');
  }
}
