import { getBackend } from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { kernelsOf, type RecurrentKernels } from '../kernels/contract.js';

/** Which code computes a recurrent op: any fused kernel of the backend, one by its name, the composed tf ops, or the best of all. */
export type Implementation = 'auto' | 'fused' | 'engine' | 'cudnn' | 'reference';

export const IMPLEMENTATIONS: readonly Implementation[] = ['auto', 'fused', 'engine', 'cudnn', 'reference'];

/** What is asked for, in messages. */
const WANTED: Readonly<Partial<Record<Implementation, string>>> = { engine: 'the engine', cudnn: 'cuDNN' };

const NO_KERNELS = 'this backend has no fused kernel';

/** Whether fused kernels are asked for by name. */
export function isForced(implementation: Implementation): boolean {
  return implementation !== 'auto' && implementation !== 'reference';
}

/** The kernels of a backend that may run a call, in the order in which they are asked. */
export function kernelsFor(implementation: Implementation, backendName: string): readonly RecurrentKernels[] {
  const all = kernelsOf(backendName);
  return implementation in WANTED ? all.filter(({ name }) => name === implementation) : all;
}

/** Why none of the kernels of a backend runs any call; undefined where one does. */
export function obstacleOf(backendName: string, implementation: Implementation = 'auto'): string | undefined {
  const all = kernelsFor(implementation, backendName);
  const obstacles = all.map((kernels) => kernels.supports());
  return obstacles.includes(undefined) ? undefined : tellEach(all, obstacles as string[]);
}

/** What each of the kernels of a backend says. */
export function tellEach(all: readonly RecurrentKernels[], sayings: readonly string[]): string {
  if (all.length < 2) return sayings[0] ?? NO_KERNELS;
  return sayings.map((saying, i) => `${all[i]?.name}: ${saying}`).join('; ');
}

/**
 * For a layer that is not built yet, since one that throws should not be.
 * @throws UnsupportedError when a fused kernel is asked for by name and the backend has none.
 */
export function checkImplementation(where: string, implementation: Implementation): void {
  const obstacle = isForced(implementation) ? obstacleOf(getBackend(), implementation) : undefined;
  if (obstacle !== undefined) throw refusal(where, obstacle, implementation);
}

export function refusal(where: string, obstacle: string, implementation: Implementation): UnsupportedError {
  const wanted = WANTED[implementation] ?? 'a fused kernel';
  return new UnsupportedError(
    message(
      where,
      'implementation',
      `${wanted} on the ${getBackend()} backend`,
      obstacle,
      `Use implementation: 'auto' or 'reference'`,
    ),
  );
}

/** What a call ran. */
export interface Run {
  readonly implementation: 'fused' | 'reference';
  /** Why it was the reference; of a fused kernel, where the call decides whether it is taken. */
  readonly reason: string | undefined;
}

const lastRuns = new Map<string, Run>();

/** Notes what a call on the active backend runs, for `describeKernels`. */
export function noteRun(implementation: Run['implementation'], reason?: string): void {
  const backend = getBackend();
  const last = lastRuns.get(backend);
  if (last?.implementation === implementation && last.reason === reason) return;
  lastRuns.set(backend, { implementation, reason });
}

/** Where a call off the calling thread ran. */
export interface OffThreadRun {
  readonly ranOn: 'workers' | 'the calling thread';
  /** Why it was the calling thread. */
  readonly reason: string | undefined;
}

const lastOffThread = new Map<string, OffThreadRun>();

/** Notes where a call ran, for `describeKernels`. @param reason why it was the calling thread. */
export function noteOffThread(reason: string | undefined): void {
  const ranOn = reason === undefined ? 'workers' : 'the calling thread';
  lastOffThread.set(getBackend(), { ranOn, reason });
}

/** Where the last call off the calling thread ran on a backend; undefined before the first. */
export function lastOffThreadOn(backendName: string): OffThreadRun | undefined {
  return lastOffThread.get(backendName);
}

/** What the last call on a backend ran; undefined before the first. */
export function lastRunOn(backendName: string): Run | undefined {
  return lastRuns.get(backendName);
}
