import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkKeys } from '../check.js';
import { disposingOnFailure } from '../tfjs-internals/data.js';
import { buildModel } from './build.js';
import { WHERE } from './json.js';
import { type KerasLoadOptions, type KerasModelSource, readArtifacts } from './source.js';
import { toTfjsTopology } from './topology/topology.js';
import { loadWeights } from './weights/load-weights.js';
import { weightsFile } from './weights/weights-file.js';

/**
 * Loads a Keras model in the layers format of TensorFlow.js, with the GRU layers that tfjs lacks: those with
 * `reset_after=True`, which is Keras's default, also inside Bidirectional and TimeDistributed.
 *
 * Takes what `tensorflowjs_converter --input_format=keras` makes of a model of Keras 2 or Keras 3; `tf.loadLayersModel`
 * refuses the first for its GRUs and the second altogether. The other layers are those of tfjs, and so is the model:
 * it predicts, trains, and saves. It comes uncompiled. The caller disposes it. `tf.loadLayersModel` loads what it saved in a
 * program that imports `tfjs-torch-rnn/keras`; in any other tfjs throws `Unknown layer: TorchKerasGRU`.
 *
 * @param source as for `tf.loadLayersModel`; in Node also the path of a model.json.
 * @throws Error naming the path or URL of a file that cannot be read, with the status that a server answers.
 * @throws FormatError when it is no such model, or weights are missing, superfluous or of another shape;
 * UnsupportedError naming the layer and the option that neither tfjs nor this package has. No tensor is left then.
 * @see https://www.tensorflow.org/js/tutorials/conversion/import_keras
 */
export async function loadKerasModel(
  source: KerasModelSource,
  options: KerasLoadOptions = {},
): Promise<LayersModel> {
  const known = ['requestInit', 'onProgress', 'fetchFunc', 'weightPathPrefix', 'weightUrlConverter'];
  checkKeys(WHERE, options, known);
  const artifacts = await readArtifacts(source, options);
  const { original, model: topology } = toTfjsTopology(artifacts.modelTopology);
  const weights = weightsFile(artifacts);
  return disposingOnFailure(() => {
    const model = buildModel(topology);
    loadWeights(model, original, weights);
    if (artifacts.userDefinedMetadata) model.setUserDefinedMetadata(artifacts.userDefinedMetadata);
    return model;
  });
}
