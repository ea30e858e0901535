/** What scripts/fixtures/make_embedding.py wrote: a model with padding_idx, and how PyTorch trains it. */

import * as tf from '@tensorflow/tfjs';
import { type EmbeddingArgs, embedding, gru, type StateDict, toTensor } from '../../../src/index.js';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import type { FloatTensor } from '../../support/fixtures.js';
import { fixtureBytes } from '../../support/node/files.js';

export class EmbeddingFixture {
  private readonly tensors: StateDict;

  constructor(
    name: string,
    /** torch's padding_idx. */
    readonly paddingIdx: number,
  ) {
    this.tensors = parseStateDict(fixtureBytes(`embedding/${name}.safetensors`));
  }

  get(name: string): FloatTensor {
    return this.tensors.get(name) as FloatTensor;
  }

  /** The caller disposes it. */
  tensor(name: string): tf.Tensor {
    return toTensor(this.get(name));
  }

  /** The tensors below a path, by their names there. */
  below(path: string): StateDict {
    const own = [...this.tensors].filter(([key]) => key.startsWith(`${path}.`));
    return new Map(own.map(([key, tensor]) => [key.slice(path.length + 1), tensor]));
  }

  args(more: Partial<EmbeddingArgs> = {}): EmbeddingArgs {
    return { numEmbeddings: 7, embeddingDim: 3, paddingIdx: this.paddingIdx, maskPadding: false, ...more };
  }
}

export const FIRST_ROW = new EmbeddingFixture('first-row', 0);
/** The row is not zeros. */
export const LAST_ROW = new EmbeddingFixture('last-row', -1);

/** An embedding, then a GRU and a Linear on its last state, named as in the fixture. */
export function modelWith(first: tf.layers.Layer): tf.Sequential {
  return tf.sequential({
    layers: [
      first,
      gru({ name: 'gru', hiddenSize: 4, returnSequences: false }),
      tf.layers.dense({ name: 'head', units: 2 }),
    ],
  });
}

/** An embedding of this package in such a model. */
export function model(fixture: EmbeddingFixture, more: Partial<EmbeddingArgs> = {}): tf.Sequential {
  return modelWith(embedding(fixture.args({ name: 'embedding', inputShape: [null], ...more })));
}
