import type { FormatError } from '../../errors.js';
import { formatError } from './format-codes.js';
import type { ReadLimits } from './limits.js';

/** Steps that any file may take, however small. */
export const FREE_STEPS = 1 << 16;

/** Steps for each of `maxTensors`. A tensor of torch's takes about 45, one of JSON text 50. */
export const STEPS_PER_TENSOR = 64;

/** A member of an object in JSON text: its name, its place in two Maps, and the value that describes it. */
export const MEMBER_STEPS = 10;

/** A name is joined, hashed and compared: as much as a step takes. */
const CHARACTERS_PER_STEP = 64;

/**
 * The work that one file may ask for. Whatever a few bytes of a file can ask for again and again is counted here, in steps: a
 * value that a pickle makes, a member of an object, a value that is walked, 64 characters of a name. A step takes at most a
 * microsecond or so, and 250 bytes. What is done once for each byte, such as decoding it, is not counted.
 *
 * A file may take 65,536 steps, and `maxExpansion` for each of its bytes up to 64 for each of `maxTensors`. So the time is linear in
 * the size of the file, and the memory is limited.
 */
export class WorkBudget {
  /** The steps taken so far. */
  steps = 0;
  /** Most steps, for as many bytes as there were when they were last counted. */
  most = 0;

  /** @param size  bytes of the file as it is stored, or what counts those that have arrived. */
  constructor(
    private readonly size: number | (() => number),
    private readonly limits: Required<ReadLimits>,
  ) {
    this.count();
  }

  /** @throws FormatError TOO_LARGE where the file has asked for more than it may. */
  spend(steps: number): void {
    this.steps += steps;
    if (this.steps <= this.most) return;
    const limit = this.count();
    if (this.steps > this.most) throw this.exceeded(limit);
  }

  /** Sets the most steps, and returns the limit that bounds them. */
  private count(): 'maxExpansion' | 'maxTensors' {
    const { maxExpansion, maxTensors } = this.limits;
    const bytes = typeof this.size === 'number' ? this.size : this.size();
    const [bySize, byTensors] = [maxExpansion * bytes, STEPS_PER_TENSOR * maxTensors];
    this.most = FREE_STEPS + Math.min(bySize, byTensors);
    return bySize < byTensors ? 'maxExpansion' : 'maxTensors';
  }

  /** Work on a name: a step, and one for each 64 characters. */
  spendName(characters: number): void {
    this.spend(1 + characters / CHARACTERS_PER_STEP);
  }

  private exceeded(limit: string): FormatError {
    const rule = `at most ${this.most} steps for its values and names (limits.${limit})`;
    const remedy = `Raise limits.${limit} to read it`;
    return formatError('TOO_LARGE', 'file', 'content', rule, 'more', remedy);
  }
}
