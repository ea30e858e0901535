/**
 * Programs with many of one thing are read, planned and called: neither the stack nor memory gives out. What they take in proportion to
 * their size is held by `spec/program/hostile`.
 *
 *     npm run soak -- --many 100000
 */

import * as tf from '@tensorflow/tfjs';
import { openProgram } from '../../../src/program/archive/archive.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import { callLarge, LARGE_PROGRAMS, registerLargeOps } from '../../program/hostile/large-programs.js';
import { openedFile } from '../../state-dict/support.js';
import { programBytes } from '../../support/program-files.js';
import { check, LIVE_ARGUMENTS } from '../command.js';
import { readOptions } from './options.js';

const { many } = readOptions(LIVE_ARGUMENTS);

/** The defaults would refuse so many values: they suit files of at most some 20,000 calls. */
const LIMITS = { maxTensors: 1e7, maxPickleBytes: 2 ** 30 };

describe(`programs with ${many} of one thing`, () => {
  before(async () => {
    await tf.setBackend('cpu');
    registerLargeOps();
  });
  for (const [what, make] of Object.entries(LARGE_PROGRAMS))
    check(what, `npm run soak -- --many ${many}`, () => {
      const program = make(many);
      const bytes = programBytes(program.spec);
      const { numTensors } = tf.memory();
      callLarge(program, runSync(openProgram(openedFile(bytes.length, LIMITS)), bytes));
      const left = tf.memory().numTensors - numTensors;
      if (left !== 0) throw new Error(`left ${left} tensors`);
    });
});
