import * as tf from '@tensorflow/tfjs';
import { expectKernelCalls } from './node/backends.js';

/** What begins a warning of a load. */
const OF_A_LOAD = /^(\w+\.)?(loadStateDict|fromStateDict|readStateDict|parseStateDict|loadKerasModel): /;

const { warn } = console;

/** A load that warns, in a spec that does not take its warnings, is a load that went wrong unseen. */
function failOnLoadWarnings(...args: unknown[]): void {
  if (typeof args[0] === 'string' && OF_A_LOAD.test(args[0]))
    throw new Error(`a warning that no spec expects: ${args[0]}`);
  warn.apply(console, args);
}

export const mochaHooks = {
  /** Suites outside `describeEachBackend` run on cpu: tfjs's default backend depends on the machine. */
  async beforeAll(): Promise<void> {
    console.warn = failOnLoadWarnings;
    await tf.setBackend('cpu');
  },
  afterAll(): void {
    console.warn = warn;
    expectKernelCalls();
  },
};
