/** The part of `verify` that runs a program. It needs tfjs: it is imported when it runs. */

import * as tf from '@tensorflow/tfjs-core';
import { loadStateDict, toTensor } from '../../../index.js';
import { userInputs, userOutputs } from '../../../program/graph/interface.js';
import { assemble, leavesOf } from '../../../program/graph/tree.js';
import type { Program } from '../../../program/graph/types.js';
import { readExportedProgram, type TorchProgram } from '../../../program/index.js';
import type { StateDict, TorchTensor } from '../../../state-dict/tensors/tensor.js';
import type { Request } from '../request.js';
import type { Answers, Numbers } from '../rounding.js';

export class ProgramRun {
  /** What the file holds of all that the program keeps: a run may change buffers that no state_dict has. */
  private readonly initial: tf.Tensor[];

  private constructor(
    private readonly program: Program,
    private readonly layer: TorchProgram,
  ) {
    this.initial = layer.getWeights().map((weight) => weight.clone());
  }

  static async open(program: Program, { source, headers, signal }: Request): Promise<ProgramRun> {
    // What rounding can do is told of every result.
    return new ProgramRun(
      program,
      await readExportedProgram(source, { headers, signal, onWarnings: () => {} }),
    );
  }

  /** {@link call} with weights of their own. */
  run({ weights, inputs }: Numbers, training?: boolean): Promise<Answers> {
    return this.call(inputs as TorchTensor[], weights, training);
  }

  /**
   * Calls the program as torch does.
   *
   * @param inputs  of each that is not frozen.
   * @param weights  undefined for those of the file.
   * @returns the outputs that are numbers or tensors, by name.
   */
  async call(inputs: readonly TorchTensor[], weights?: StateDict, training?: boolean): Promise<Answers> {
    const { program, layer } = this;
    layer.setWeights(this.initial);
    if (weights) loadStateDict(layer, weights, { onWarnings: () => {} });
    const given = inputs.map((input) => toTensor(input));
    try {
      const next = given.values();
      const values = userInputs(program).map((input) => {
        if ('frozen' in input) return undefined;
        const tensor = next.next().value as tf.Tensor;
        return input.tensor ? tensor : tensor.dataSync()[0];
      });
      const results = leavesOf(
        program.call.results,
        layer.forwardWith({ training }, ...argumentsOf(program, values)),
      );
      return await answersOf(program, results);
    } finally {
      tf.dispose(given);
    }
  }
}

/** Values in torch's structure: positional arguments, then an object of the keyword arguments. */
function argumentsOf({ call: { positional, keywords } }: Program, values: readonly unknown[]): unknown[] {
  const next = values.values();
  const args = assemble(positional, next) as unknown[];
  const named = assemble(keywords, next) as object;
  return Object.keys(named).length > 0 ? [...args, named] : args;
}

async function answersOf(program: Program, results: readonly unknown[]): Promise<Answers> {
  const answers = new Map<string, { shape: readonly number[]; values: ArrayLike<number> }>();
  for (const [i, { name }] of userOutputs(program).entries()) {
    const value = results[i];
    if (value instanceof tf.Tensor)
      answers.set(name, { shape: value.shape, values: (await value.data()) as tf.TypedArray });
    else if (typeof value === 'number' || typeof value === 'boolean')
      answers.set(name, { shape: [], values: [Number(value)] });
  }
  tf.dispose(results as tf.TensorContainer);
  return answers;
}
