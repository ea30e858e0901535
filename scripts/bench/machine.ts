/** Describes the machine of a measurement. */

import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Processes that ran or waited in the minute before. */
  readonly load: number;
}

/** Above this load the machine is busy with something else. */
const BUSY_LOAD = 0.3;

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: process.versions.node,
    load: loadavg()[0] ?? 0,
  };
}

export function isBusy({ load }: Machine): boolean {
  return load > BUSY_LOAD;
}
