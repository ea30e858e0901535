/** Stored Keras models with something changed. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadKerasModel } from '../../src/keras/index.js';
import type { JsonObject, LayerJson } from '../../src/keras/json.js';
import { artifactsOf, type KerasVersion, kerasFixture } from './fixtures.js';

interface EditableLayer {
  class_name: string;
  name: string;
  config: Record<string, unknown>;
  inbound_nodes: unknown[];
}

/** The parts of a model that a change can reach. */
export interface Edit {
  readonly artifacts: tf.io.ModelArtifacts;
  /** `modelTopology.model_config`. */
  readonly model: { class_name: string; config: Record<string, unknown> };
  /** A layer of the outermost model. */
  layer(name: string): EditableLayer;
}

/** The artifacts of a stored model, changed. */
export function edited(
  version: KerasVersion,
  name: string,
  change: (edit: Edit) => void,
): tf.io.ModelArtifacts {
  const artifacts = artifactsOf(kerasFixture(version, name));
  const { model_config: model } = artifacts.modelTopology as unknown as { model_config: LayerJson };
  const layers = (model.config as JsonObject).layers as EditableLayer[];
  change({
    artifacts,
    model: model as Edit['model'],
    layer: (layerName) => layers.find(({ config }) => config.name === layerName) as EditableLayer,
  });
  return artifacts;
}

/** Requires that loading the source fails with this error and leaves no tensor. */
export async function expectRefusal(
  source: unknown,
  error: new (...args: never[]) => Error,
  text: string,
): Promise<void> {
  const before = tf.memory();
  const outcome = await loadKerasModel(source as tf.io.ModelArtifacts).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(outcome).to.be.instanceOf(error);
  expect((outcome as Error).message).to.include(text);
  const { numTensors, numDataBuffers } = tf.memory();
  expect([numTensors, numDataBuffers]).to.deep.equal([before.numTensors, before.numDataBuffers]);
}
