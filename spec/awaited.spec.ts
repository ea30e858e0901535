import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import * as own from '../src/index.js';
import { loadKerasModel } from '../src/keras/index.js';

describe('a promise in place of its value', () => {
  const promise = Promise.resolve(new Map()) as never;
  const dense = tf.layers.dense({ units: 2 });
  const calls: Readonly<Record<string, () => unknown>> = {
    writeSafetensors: () => own.writeSafetensors(promise),
    'writeSafetensors with metadata': () => own.writeSafetensors(new Map(), promise),
    'writeSafetensors with an entry': () => own.writeSafetensors(new Map([['a', promise]])),
    saveSafetensors: () => own.saveSafetensors('/nowhere/a.safetensors', promise),
    loadStateDict: () => own.loadStateDict(dense, promise),
    'loadStateDict into a model': () => own.loadStateDict(promise, new Map()),
    'loadStateDict with an entry': () => own.loadStateDict(dense, new Map([['weight', promise]])),
    toStateDict: () => own.toStateDict(promise),
    'GRU.fromStateDict': () => own.GRU.fromStateDict(promise),
    toTensor: () => own.toTensor(promise),
    toFloat32Array: () => own.toFloat32Array(promise),
    parseStateDict: () => own.parseStateDict(promise),
    parseSafetensorsMetadata: () => own.parseSafetensorsMetadata(promise),
    readStateDict: () => own.readStateDict(promise),
    loadKerasModel: () => loadKerasModel(promise),
    'GRU.forward': () => own.gru({ hiddenSize: 2 }).forward(promise),
  };

  for (const [name, call] of Object.entries(calls)) {
    it(`is told by ${name}`, async () => {
      let thrown: unknown;
      try {
        await call();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(TypeError);
      expect((thrown as Error).message).to.match(/, got a Promise \(await it\)/);
    });
  }
});
