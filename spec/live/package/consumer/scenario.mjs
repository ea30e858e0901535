// @ts-check
// What a user does first, with the library and tfjs handed in: the same steps after import, require and bundling.

/** A PyTorch model's weights: `gru = nn.GRU(2, 1)`, `fc = nn.Linear(1, 1)`. Rows of the gates r, z, n. */
const WEIGHTS = {
  'gru.weight_ih_l0': { shape: [3, 2], values: [0.5, -0.25, 0.75, 0.125, -0.5, 1] },
  'gru.weight_hh_l0': { shape: [3, 1], values: [0.3, -0.6, 0.9] },
  'gru.bias_ih_l0': { shape: [3], values: [0.1, -0.2, 0.05] },
  'gru.bias_hh_l0': { shape: [3], values: [-0.15, 0.25, 0.4] },
  'fc.weight': { shape: [1, 1], values: [2] },
  'fc.bias': { shape: [1], values: [-0.5] },
};
const STEPS = [
  [0.4, -1.2],
  [1.5, 0.7],
  [-0.9, 0.3],
];
const TOLERANCE = 1e-5;

/** @param {number} x */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** The model above in plain numbers: torch.nn.GRU's equations, then the linear layer, on the last state. */
function expectedOutput() {
  const [weightIh, weightHh, biasIh, biasHh, fcWeight, fcBias] = Object.values(WEIGHTS).map(
    ({ values }) => values,
  );
  let h = 0;
  for (const [x0, x1] of STEPS) {
    const [ir, iz, inn] = [0, 1, 2].map((g) => weightIh[2 * g] * x0 + weightIh[2 * g + 1] * x1 + biasIh[g]);
    const [hr, hz, hn] = [0, 1, 2].map((g) => weightHh[g] * h + biasHh[g]);
    const z = sigmoid(iz + hz);
    h = (1 - z) * Math.tanh(inn + sigmoid(ir + hr) * hn) + z * h;
  }
  return fcWeight[0] * h + fcBias[0];
}

/**
 * @param {string} what
 * @param {number} actual
 * @param {number} expected
 */
function checkClose(what, actual, expected) {
  if (!(Math.abs(actual - expected) <= TOLERANCE))
    throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

/**
 * @param {typeof import('@tensorflow/tfjs')} tf
 * @param {typeof import('tfjs-torch-rnn')} library
 */
export async function scenario(tf, { gru, loadStateDict, parseStateDict, toStateDict, writeSafetensors }) {
  await tf.setBackend('cpu');
  /** @type {import('tfjs-torch-rnn').StateDict} */
  const trained = new Map();
  for (const [key, { shape, values }] of Object.entries(WEIGHTS)) {
    trained.set(key, { dtype: 'F32', shape, data: Float32Array.from(values) });
  }
  const model = tf.sequential({
    layers: [
      gru({ name: 'gru', hiddenSize: 1, inputShape: [STEPS.length, 2], returnSequences: false }),
      tf.layers.dense({ name: 'fc', units: 1 }),
    ],
  });
  const { loaded } = loadStateDict(model, parseStateDict(writeSafetensors(trained)));
  if (loaded.length !== trained.size) throw new Error(`loaded ${loaded.length} of ${trained.size} tensors`);
  checkClose('model.predict', predict(tf, model), expectedOutput());

  for (const [key, { data }] of await toStateDict(model)) {
    for (const [i, value] of data.entries()) {
      checkClose(`toStateDict ${key}[${i}]`, Number(value), Number(trained.get(key)?.data[i]));
    }
  }

  /** @type {import('@tensorflow/tfjs').io.ModelArtifacts | undefined} */
  let saved;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler);
  if (saved === undefined) throw new Error('model.save did not call its handler');
  const reloaded = await tf.loadLayersModel(tf.io.fromMemory(saved));
  checkClose('predict after save and load', predict(tf, reloaded), expectedOutput());
}

/**
 * @param {typeof import('@tensorflow/tfjs')} tf
 * @param {import('@tensorflow/tfjs').LayersModel} model
 */
function predict(tf, model) {
  return tf.tidy(() => {
    const output = /** @type {import('@tensorflow/tfjs').Tensor} */ (model.predict(tf.tensor3d([STEPS])));
    return output.dataSync()[0];
  });
}
