import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram, type TorchProgram } from '../../../../src/program/index.js';
import { describeEachBackend } from '../../../support/backends.js';
import { call, INT64, programBytes } from '../../../support/program-files.js';
import { tidied } from '../../../support/tidied.js';

const flag = (value: boolean) => ({ as_bool: value });

/** A packed RNN of one layer, whose weights are inputs. */
function packed(isSorted: boolean): Promise<TorchProgram> {
  const inputs = {
    ...{ input: 'x', lengths: 'lengths', hx: 'h', params: ['w', 'u'], has_biases: flag(false) },
    ...{ num_layers: { as_int: 1 }, dropout: { as_float: 0 }, train: flag(false) },
    ...{ bidirectional: flag(false), enforce_sorted: flag(isSorted) },
  };
  return readExportedProgram(
    programBytes({
      inputs: [
        ['x', ['b', 't', 2]],
        ['lengths', ['b'], INT64],
        ['h', [1, 'b', 2]],
        ['w', [2, 2]],
        ['u', [2, 2]],
      ],
      calls: [call('torch_rnn.rnn_tanh_lengths.default', inputs, ['y', ['b', 't', 2]], ['hn', [1, 'b', 2]])],
      outputs: ['y', 'hn'],
    }),
  );
}

function run(program: TorchProgram, lengths: number[]): tf.Tensor[] {
  const weight = tf.fill([2, 2], 0.5);
  const given = [tf.ones([2, 3, 2]), tf.tensor1d(lengths, 'int32'), tf.zeros([1, 2, 2]), weight, weight];
  return program.forward(...given) as tf.Tensor[];
}

describeEachBackend('lengths of packed sequences in a program', () => {
  it('are refused below 1 and beyond the steps, as pack_padded_sequence and its file do', async () => {
    const program = await packed(false);
    await tidied(async () => {
      expect(() => run(program, [0, 2])).to.throw(
        RangeError,
        "lengths[0]: expected an integer in 1..3 (T), got 0. Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0",
      );
      expect(() => run(program, [3, 4])).to.throw(
        RangeError,
        'lengths[1]: expected an integer in 1..3 (T), got 4',
      );
    });
    program.dispose();
  });

  it('are refused in another order where enforce_sorted was True, and taken where it was False', async () => {
    const [sorted, any] = [await packed(true), await packed(false)];
    await tidied(async () => {
      expect(() => run(sorted, [2, 3])).to.throw(
        RangeError,
        'lengths[1]: expected at most 2, since enforce_sorted was True, got 3. Export the model with enforce_sorted=False, which takes any order',
      );
      for (const lengths of [
        [3, 2],
        [2, 2],
        [3, 3],
      ])
        expect(await run(sorted, lengths)[0]!.data()).to.deep.equal(await run(any, lengths)[0]!.data());
      const zeros = (await run(any, [2, 3])[0]!.data()).slice(4, 6);
      expect([...zeros]).to.deep.equal([0, 0]);
    });
    sorted.dispose();
    any.dispose();
  });
});
