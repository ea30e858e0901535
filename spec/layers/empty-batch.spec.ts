// Batches without rows: empty outputs, and gradients that are zeros, as in torch.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  batchNorm,
  conv1d,
  conv2d,
  convTranspose1d,
  embedding,
  groupNorm,
  gru,
  gruCell,
  instanceNorm1d,
  lastStep,
  lstm,
  lstmCell,
  maskedMean,
  rnn,
} from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

interface Case {
  readonly title: string;
  readonly make: () => tf.layers.Layer;
  readonly run: (layer: never) => tf.Tensor | tf.Tensor[];
}

const sizes = { inputSize: 4, hiddenSize: 3, implementation: 'reference' } as const;
const apply = (shape: number[], options?: object) => (layer: tf.layers.Layer) =>
  layer.apply(tf.zeros(shape), options) as tf.Tensor;

const CASES: readonly Case[] = [
  ...[gru, (args: object) => lstm({ ...sizes, ...args, projSize: 2 }), rnn].flatMap((make, i): Case[] => [
    {
      title: `${['gru', 'lstm', 'rnn'][i]} with states, lengths and dropout`,
      make: () => (make as typeof gru)({ ...sizes, numLayers: 2, bidirectional: true, dropout: 0.5 }),
      run: (layer: ReturnType<typeof gru>) => {
        const x = tf.zeros([0, 5, 4]) as tf.Tensor3D;
        const { output, hn, ...rest } = layer.forward(x, { lengths: [], training: true });
        const { cn } = rest as { cn?: tf.Tensor };
        const again = layer.forward(x, cn ? ({ h0: hn, c0: cn } as object) : { h0: hn });
        return [output, hn, ...(cn ? [cn] : []), again.output, again.hn];
      },
    },
    {
      title: `${['gru', 'lstm', 'rnn'][i]}, the last step of steps before batch`,
      make: () => (make as typeof gru)({ ...sizes, batchFirst: false, returnSequences: false }),
      run: apply([5, 0, 4]),
    },
  ]),
  {
    title: 'gruCell',
    make: () => gruCell(sizes),
    run: (cell: ReturnType<typeof gruCell>) => cell.forward(tf.zeros([0, 4])),
  },
  {
    title: 'lstmCell',
    make: () => lstmCell(sizes),
    run: (cell: ReturnType<typeof lstmCell>) => Object.values(cell.forward(tf.zeros([0, 4]))) as tf.Tensor[],
  },
  {
    title: 'embedding',
    make: () => embedding({ numEmbeddings: 5, embeddingDim: 3, paddingIdx: 0 }),
    run: (layer: tf.layers.Layer) => layer.apply(tf.zeros([0, 4], 'int32')) as tf.Tensor,
  },
  {
    title: 'conv1d',
    make: () => conv1d({ outChannels: 3, kernelSize: 3, dilation: 2 }),
    run: apply([0, 9, 4]),
  },
  {
    title: 'conv2d in groups',
    make: () => conv2d({ outChannels: 4, kernelSize: 3, groups: 4 }),
    run: apply([0, 9, 9, 4]),
  },
  {
    title: 'convTranspose1d',
    make: () => convTranspose1d({ outChannels: 3, kernelSize: 3, stride: 2 }),
    run: apply([0, 9, 4]),
  },
  { title: 'batchNorm', make: () => batchNorm(), run: apply([0, 9, 4]) },
  { title: 'groupNorm', make: () => groupNorm({ numGroups: 2 }), run: apply([0, 9, 4]) },
  { title: 'instanceNorm1d', make: () => instanceNorm1d({ affine: true }), run: apply([0, 9, 4]) },
  { title: 'lastStep', make: () => lastStep(), run: apply([0, 9, 4]) },
  { title: 'maskedMean', make: () => maskedMean(), run: apply([0, 9, 4], { lengths: [] }) },
];

describeEachBackend('an empty batch', () => {
  for (const { title, make, run } of CASES)
    it(`${title}: nothing, with gradients of zeros`, async () => {
      const layer = make();
      await tidied(async () => {
        const outputs = [run(layer as never)].flat();
        for (const output of outputs) expect(await output.data()).to.have.length(0);
        const weights = layer.trainableWeights.map((weight) => weight.read());
        const [x] = outputs as [tf.Tensor];
        // tf.sum of nothing fails on GPUs, so the gradient of the output is given.
        const gradients =
          weights.length === 0
            ? []
            : tf
                .engine()
                .gradients(() => [run(layer as never)].flat()[0] as tf.Tensor, weights, tf.zeros(x.shape))
                .grads;
        for (const [i, gradient] of gradients.entries()) {
          expect(gradient.shape).to.deep.equal(weights[i]?.shape);
          expect(Array.from(await gradient.data()).every((value) => value === 0)).to.equal(true);
        }
      });
      layer.dispose();
    });
});
