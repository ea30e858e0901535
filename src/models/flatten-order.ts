/** Finds layers that read a flattened convolution: torch flattens channels first, tf.layers channels last. */

import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { isModel } from '../layers/is-model.js';
import { GraphWalk } from '../layers/masks/graph-walk.js';
import type { Leaf } from './leaves.js';
import { isVariable } from './target.js';

type Layer = layers.Layer;

/** What stands behind a convolution: values by place with the channels last, or all in one row by the layer `flatten`. */
interface Convolved {
  readonly flatten?: Layer;
  /** The rank of the values by place. */
  readonly rank: number;
}

const CONVOLUTION = /^(?:Torch)?(?:Separable|Depthwise)?Conv(?:Transpose)?[123]d(?:Transpose)?$/i;

/** Layers that leave the channels where they are. */
const KEEPS =
  /^(?:Activation|ReLU|LeakyReLU|ELU|PReLU|ThresholdedReLU|Dropout|SpatialDropout1D|GaussianDropout|GaussianNoise|AlphaDropout|(?:Torch)?(?:Batch|Layer|Group|Instance)Norm\w*|(?:Max|Average)Pooling[123]D|ZeroPadding2D|Cropping2D|UpSampling2D|Add|Average|Maximum|Minimum|Multiply|Concatenate)$/;

/** Modules whose weights belong to the elements of a row. */
const READS = /^(?:Dense|BatchNormalization|LayerNormalization|TorchBatchNorm)$/;

const convolved: GraphWalk<Convolved | undefined> = new GraphWalk((tensor, ofInputs) => {
  const { sourceLayer, inputs, shape } = tensor;
  const inner = innerOutput(tensor);
  if (inner) return convolved.of(inner);
  const name = sourceLayer.getClassName();
  const { dataFormat } = sourceLayer as { readonly dataFormat?: unknown };
  const before = ofInputs.find((found) => found !== undefined);
  if (CONVOLUTION.test(name)) return dataFormat === 'channelsFirst' ? undefined : { rank: shape.length };
  if (KEEPS.test(name) || before?.flatten) return READS.test(name) && before?.flatten ? undefined : before;
  const isFlat = shape.length === 2 && (name === 'Flatten' || name === 'Reshape');
  return isFlat && before && mixes(inputs[0] as SymbolicTensor)
    ? { ...before, flatten: sourceLayer }
    : undefined;
});

/** The tensor in a nested model that its output is. */
function innerOutput({ sourceLayer, outputTensorIndex = 0 }: SymbolicTensor): SymbolicTensor | undefined {
  return isModel(sourceLayer) ? sourceLayer.outputs[outputTensorIndex] : undefined;
}

/** Whether there is more than one channel at more than one place: else both orders are the same. */
function mixes({ shape }: SymbolicTensor): boolean {
  return shape.slice(1).filter((size) => size !== 1).length > 1;
}

/** One sentence for each layer whose weights meet the values of a flattened convolution in another order than in torch. */
export function flattenWarnings(leaves: readonly Leaf[]): string[] {
  return leaves.flatMap(({ holder: layer, layerPath }) => {
    if (isVariable(layer) || !READS.test(layer.getClassName())) return [];
    const found = layer.inboundNodes.map(({ inputTensors: [x] }) => convolved.of(x as SymbolicTensor));
    const flat = found.find((each) => each?.flatten !== undefined);
    if (!flat?.flatten) return [];
    const dims = [flat.rank - 1, ...Array.from({ length: flat.rank - 2 }, (_, i) => i + 1)];
    return [
      `Layer ${show(layerPath)} reads a convolution through ${show(flat.flatten.name)}, which orders the values by place where ` +
        "torch's Flatten orders them by channel: where the PyTorch model does not move the channels last itself, put " +
        `tf.layers.permute({ dims: [${dims.join(', ')}] }) before ${show(flat.flatten.name)}.`,
    ];
  });
}
