/** The allowed results of a hostile program: a call that works, or a documented error that changes nothing. */

import * as tf from '@tensorflow/tfjs';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { openProgram } from '../../../src/program/archive/archive.js';
import { readExportedProgram, type TorchProgram } from '../../../src/program/index.js';
import { SERVICES } from '../../../src/state-dict/parse.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import { formatCodes } from '../../../src/state-dict/rules/format-codes.js';
import { openedFile } from '../../state-dict/support.js';
import { LIMITS, requireLittleWork, type Verdict } from './judge.js';

/** No program of the fixtures has a larger size, and a changed one makes no larger tensors. */
const LARGEST = 1000;

/** The form of all messages. */
const TOLD = /: expected .+, got /s;

/** A message shows a part of what a file may make long. */
const MOST_CHARACTERS = 4000;

/** @param run  calls the program. @default with ones, then again, and in a model */
export async function judgeProgram(
  bytes: Uint8Array,
  run: (program: TorchProgram) => Promise<Verdict> | Verdict = callProgram,
): Promise<Verdict> {
  countWork(bytes);
  const first = await verdictOf(bytes, run);
  const again = await verdictOf(bytes, run);
  if (first !== again) throw new Error(`first ${first}, then ${again}`);
  return first;
}

function countWork(bytes: Uint8Array): void {
  const file = openedFile(bytes.length, LIMITS);
  try {
    runSync(openProgram(file), bytes, SERVICES);
  } catch (error) {
    verdictOfError(error);
  }
  requireLittleWork(file.work, bytes);
}

async function verdictOf(
  bytes: Uint8Array,
  run: (program: TorchProgram) => Promise<Verdict> | Verdict,
): Promise<Verdict> {
  const before = tf.memory().numTensors;
  let verdict: Verdict;
  try {
    const program = await readExportedProgram(bytes, { limits: LIMITS, onWarnings: () => undefined });
    try {
      program.describe();
      verdict = await run(program);
    } finally {
      program.dispose();
    }
  } catch (error) {
    verdict = verdictOfError(error);
  }
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`${left} tensors were left, after ${verdict}`);
  return verdict;
}

function callProgram(program: TorchProgram): Verdict {
  const shapes = program.inputs.map(({ shape }) =>
    (shape ?? []).map((size) => (typeof size === 'number' ? size : 2)),
  );
  if (shapes.flat().some((size) => size < 0 || size > LARGEST)) return 'not called';
  const values = program.inputs.map(({ dtype }, i) =>
    dtype ? tf.ones(shapes[i] as number[], dtype as tf.DataType) : undefined,
  );
  const call = (training: boolean) =>
    tf.dispose(program.forwardWith({ training }, ...values) as tf.TensorContainer);
  const state = () => program.weights.map((weight) => [...weight.read().dataSync()]);
  try {
    for (const training of [false, true]) {
      const before = state();
      const verdict = attempt(() => call(training));
      if (values.some((value, i) => value && !isOnes(value, shapes[i] as number[])))
        throw new Error('an argument was changed');
      if (verdict === 'read') continue;
      if (JSON.stringify(state()) !== JSON.stringify(before))
        throw new Error('a call that fails has changed a buffer');
      return verdict;
    }
    attempt(() => applySymbolic(program));
    return 'read';
  } finally {
    tf.dispose(values as tf.TensorContainer);
  }
}

function attempt(run: () => void): Verdict {
  try {
    run();
    return 'read';
  } catch (error) {
    return verdictOfError(error);
  }
}

function isOnes(value: tf.Tensor, shape: number[]): boolean {
  return value.shape.join() === shape.join() && value.dataSync().every((element) => Number(element) === 1);
}

function applySymbolic(program: TorchProgram): void {
  const inputs = program.inputs.flatMap(({ shape, dtype }) =>
    shape
      ? [
          tf.input({
            shape: shape.slice(1).map((size) => (typeof size === 'number' ? size : null)),
            dtype: dtype as tf.DataType,
          }),
        ]
      : [],
  );
  if (inputs.length > 0) tf.model({ inputs, outputs: program.apply(inputs) as tf.SymbolicTensor }).dispose();
}

/** @throws the error itself where no file may cause it. */
function verdictOfError(error: unknown): Verdict {
  if (!(error instanceof Error)) throw error;
  if (error.message.length > MOST_CHARACTERS)
    throw new Error(`a message of ${error.message.length} characters`, { cause: error });
  if (error instanceof FormatError && error.code in formatCodes) return error.code;
  if (error instanceof UnsupportedError) return 'unsupported';
  if ((error instanceof RangeError || error instanceof TypeError) && TOLD.test(error.message))
    return error.name;
  throw error;
}
