// Compiled, not run: the declarations as an editor of a user's project reads them.
import * as tf from '@tensorflow/tfjs';
import { type GRU, type GRUArgs, gru, loadStateDict, type StateDict, toStateDict } from 'tfjs-torch-rnn';
import { parseStateDict, type TorchTensor } from 'tfjs-torch-rnn/state-dict';

const args: GRUArgs = { hiddenSize: 4, bidirectional: true, inputShape: [null, 3] };
const layer: GRU = gru(args);
const model: tf.Sequential = tf.sequential({ layers: [layer, tf.layers.dense({ units: 2 })] });
const weights: StateDict = parseStateDict(new Uint8Array());
const weight: TorchTensor | undefined = weights.get('weight');
const shape: readonly number[] | undefined = weight?.shape;

export const loaded: readonly string[] = loadStateDict(model, weights, { strict: false }).loaded;
export const back: Promise<StateDict> = toStateDict(model);
export const { output, hn }: { output: tf.Tensor; hn: tf.Tensor } = layer.forward(tf.zeros([1, 2, 3]));

// @ts-expect-error hiddenSize is required
gru({});
// @ts-expect-error a number, not a text
gru({ hiddenSize: '4' });
// @ts-expect-error the tensor's shape is read-only
shape?.push(1);
