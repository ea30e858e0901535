/** What a section of the porting guide is given: the inputs, and the weights of its modules. */

import * as tf from '@tensorflow/tfjs';
import { readStateDict, type StateDict, toFloat32Array } from 'tfjs-torch-rnn';

export interface Idiom {
  readonly x: tf.Tensor3D;
  readonly ids: tf.Tensor2D;
  readonly lengths: number[];
  readonly stateDict: StateDict;
}

const file = await readStateDict('porting.safetensors');

function valuesOf(name: string): Float32Array {
  const tensor = file.get(name);
  if (tensor === undefined) throw new Error(`porting.safetensors has no ${name}`);
  return tensor.dtype === 'I64' ? Float32Array.from(tensor.data, Number) : toFloat32Array(tensor);
}

export async function idiom(section: string): Promise<Idiom> {
  await tf.setBackend('cpu');
  const prefix = `${section}/stateDict/`;
  const weights = [...file].filter(([name]) => name.startsWith(prefix));
  return {
    x: tf.tensor3d(valuesOf('x'), [3, 6, 8]),
    ids: tf.tensor2d(valuesOf('ids'), [3, 6]),
    lengths: [...valuesOf('lengths')],
    stateDict: new Map(weights.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
  };
}
