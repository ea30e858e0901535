/** Programs of spec/fixtures/program, and what PyTorch computes with them. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { parseStateDict, type StateDict, toTensor } from '../../src/index.js';
import { type ReadProgramOptions, readExportedProgram, type TorchProgram } from '../../src/program/index.js';
import { fixtureBytes } from './node/files.js';
import { maxDifference } from './parity.js';
import { FORWARD_TOLERANCE } from './tolerance.js';

/** Numbers by name, as make_program.py writes them. */
export class Oracle {
  private readonly tensors: StateDict;

  constructor(name: string) {
    this.tensors = parseStateDict(fixtureBytes(`program/${name}.safetensors`));
  }

  /** `input.0`, ... as tensors; float64 never occurs. */
  list(prefix: string): tf.Tensor[] {
    const found: tf.Tensor[] = [];
    for (
      let entry = this.tensors.get(`${prefix}.0`);
      entry;
      entry = this.tensors.get(`${prefix}.${found.length}`)
    )
      found.push(toTensor(entry));
    return found;
  }

  /** `gradient.KEY`, ... by KEY. */
  named(prefix: string): StateDict {
    const start = `${prefix}.`;
    return new Map(
      [...this.tensors].flatMap(([key, value]) =>
        key.startsWith(start) ? [[key.slice(start.length), value]] : [],
      ),
    );
  }
}

export function readProgram(name: string, options: ReadProgramOptions = {}): Promise<TorchProgram> {
  return readExportedProgram(fixtureBytes(`program/${name}.pt2`), options);
}

/** Compares what a program returns, in the order of its leaves, with what PyTorch does. */
export async function expectTensors(
  actual: readonly tf.Tensor[],
  expected: readonly tf.Tensor[],
): Promise<void> {
  expect(actual.map(({ shape }) => shape)).to.deep.equal(expected.map(({ shape }) => shape));
  expect(actual.map(({ dtype }) => dtype)).to.deep.equal(expected.map(({ dtype }) => dtype));
  for (const [i, tensor] of actual.entries())
    expect(
      maxDifference(await tensor.data(), await (expected[i] as tf.Tensor).data()),
      `output ${i}`,
    ).to.be.at.most(FORWARD_TOLERANCE);
}

/** Compares a state_dict with PyTorch's. */
export function expectState(actual: StateDict, expected: StateDict): void {
  expect([...actual.keys()]).to.have.members([...expected.keys()]);
  for (const [key, { dtype, shape, data }] of expected) {
    const found = actual.get(key);
    expect([found?.dtype, found?.shape], key).to.deep.equal([dtype, shape]);
    const values = Array.from(found?.data as Float32Array, Number);
    expect(maxDifference(values, Array.from(data as Float32Array, Number)), key).to.be.at.most(
      FORWARD_TOLERANCE,
    );
  }
}

/** The tensors of nested results, in their order. */
export function tensorsIn(value: unknown): tf.Tensor[] {
  if (value instanceof tf.Tensor) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(tensorsIn);
}
