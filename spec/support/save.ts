import * as tf from '@tensorflow/tfjs';

/** The artifacts that `model.save` gives to its handler. */
export async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
    }),
  );
  return artifacts;
}

/** The model after a save and a load, through the JSON that a server would send. */
export async function reloaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  const { modelTopology, ...rest } = await artifactsOf(model);
  const topology = JSON.parse(JSON.stringify(modelTopology)) as object;
  return tf.loadLayersModel(tf.io.fromMemory({ ...rest, modelTopology: topology }));
}
