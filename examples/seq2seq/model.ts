/** The port of network.py: a GRU reads a date both ways, a decoder that attends to it writes the date as 2021-03-05. */

import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { gru, gruCell, loadStateDict, readStateDict, type StateDict, toStateDict } from 'tfjs-torch-rnn';

export const PAD = 0;
const START = 1;
export const END = 2;
const MAX_STEPS = 11;

/** Far enough below every score that softmax gives exactly 0. */
const MASKED = -1e9;

/** The folder of the trained model. */
export const TRAINED = new URL('./', import.meta.url);

/** What train.py writes beside the weights. */
export interface Description {
  /** A character's index is its position + 3. */
  readonly characters: string;
  readonly embedding_size: number;
  readonly hidden_size: number;
  readonly attention_size: number;
}

export async function readDescription(): Promise<Description> {
  return JSON.parse(await readFile(new URL('model.json', TRAINED), 'utf8'));
}

export async function loadDateReader(): Promise<DateReader> {
  return new DateReader(await readDescription(), await readStateDict(new URL('model.safetensors', TRAINED)));
}

/** What the decoder reads of the source. A type alias, so that `tidy` takes it for a container. */
type Source = {
  /** The encoder's states, `[B, S, N]`. */
  states: tf.Tensor3D;
  /** What the attention compares of them, `[B, S, A]`. */
  keys: tf.Tensor3D;
  /** Which of them are of characters and not of padding, `[B, S]`. */
  mask: tf.Tensor2D;
};

export class DateReader {
  /** By the paths of their modules in network.py. */
  private readonly layers;

  constructor(description: Description, stateDict: StateDict) {
    const { characters, embedding_size, hidden_size, attention_size } = description;
    const [vocabulary, stateSize] = [characters.length + 3, 2 * hidden_size];
    this.layers = {
      embedding: tf.layers.embedding({ inputDim: vocabulary, outputDim: embedding_size }),
      encoder: gru({ hiddenSize: hidden_size, bidirectional: true }),
      bridge: tf.layers.dense({ units: stateSize, activation: 'tanh' }),
      'decoder.attention.query': tf.layers.dense({ units: attention_size }),
      'decoder.attention.key': tf.layers.dense({ units: attention_size, useBias: false }),
      'decoder.attention.score': tf.layers.dense({ units: 1, useBias: false }),
      'decoder.cell': gruCell({ hiddenSize: stateSize }),
      'decoder.out': tf.layers.dense({ units: vocabulary }),
    };
    loadStateDict(this.layers, stateDict);
  }

  /** What an optimizer trains; the layers own them. */
  get variables(): tf.Variable[] {
    const weights = Object.values(this.layers).flatMap((layer) => layer.trainableWeights);
    return weights.map((weight) => weight.read() as tf.Variable);
  }

  /** The weights under the names that network.py has. */
  toStateDict(): Promise<StateDict> {
    return toStateDict(this.layers);
  }

  dispose(): void {
    for (const layer of Object.values(this.layers)) layer.dispose();
  }

  /** Teacher forcing: each step reads the right character. Indices `[B, S]` and `[B, T]` -> logits `[B, T, characters]`. */
  forward(source: tf.Tensor2D, lengths: readonly number[], target: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const { first, ...read } = this.encode(source, lengths);
      const inputs = [this.start(target.shape[0]), ...tf.unstack(target, 1).slice(0, -1)] as tf.Tensor1D[];
      let h = first;
      const steps = inputs.map((token) => {
        const next = this.step(token, h, read);
        h = next.h;
        return next.logits;
      });
      return tf.stack(steps, 1) as tf.Tensor3D;
    });
  }

  /** Greedy: each step reads the best character of the step before. -> indices `[B, MAX_STEPS]`, END and more behind the answer. */
  translate(source: tf.Tensor2D, lengths: readonly number[]): tf.Tensor2D {
    return tf.tidy(() => {
      const { first, ...read } = this.encode(source, lengths);
      let [h, token] = [first, this.start(source.shape[0])];
      const answers: tf.Tensor1D[] = [];
      for (let i = 0; i < MAX_STEPS; i++) {
        const next = this.step(token, h, read);
        h = next.h;
        token = next.logits.argMax<tf.Tensor1D>(1);
        answers.push(token);
      }
      return tf.stack(answers, 1) as tf.Tensor2D;
    });
  }

  /** `first` is the decoder's first state, made of the last states of both directions. */
  private encode(source: tf.Tensor2D, lengths: readonly number[]): Source & { first: tf.Tensor2D } {
    const [rows, steps] = source.shape;
    const embedded = this.layers.embedding.apply(source) as tf.Tensor3D;
    const { output, hn } = this.layers.encoder.forward(embedded, { lengths });
    const states = output as tf.Tensor3D;
    const last = hn.transpose([1, 0, 2]).reshape([rows, -1]); // cat(h[0], h[1])
    return {
      first: this.layers.bridge.apply(last) as tf.Tensor2D,
      states,
      keys: this.layers['decoder.attention.key'].apply(states) as tf.Tensor3D,
      mask: tf.range(0, steps).less(tf.tensor2d([...lengths], [rows, 1])),
    };
  }

  /** The state after a character, and the logits of the next one. */
  private step(token: tf.Tensor1D, h: tf.Tensor2D, source: Source): { h: tf.Tensor2D; logits: tf.Tensor2D } {
    const context = this.attend(h, source);
    const embedded = this.layers.embedding.apply(token.expandDims(1)) as tf.Tensor3D; // [B, 1, E]
    const next = this.layers['decoder.cell'].forward(
      tf.concat([embedded.squeeze<tf.Tensor2D>([1]), context], 1),
      h,
    );
    return {
      h: next,
      logits: this.layers['decoder.out'].apply(tf.concat([next, context], 1)) as tf.Tensor2D,
    };
  }

  /** Additive attention: the encoder's states, weighed by how much each matters to `h`. */
  private attend(h: tf.Tensor2D, { states, keys, mask }: Source): tf.Tensor2D {
    const query = this.layers['decoder.attention.query'].apply(h) as tf.Tensor2D;
    const scores = this.layers['decoder.attention.score'].apply(
      query.expandDims(1).add(keys).tanh(),
    ) as tf.Tensor3D;
    const weights = tf.softmax(tf.where(mask, scores.squeeze([2]), tf.fill(mask.shape, MASKED)));
    return weights.expandDims(2).mul(states).sum(1);
  }

  private start(rows: number): tf.Tensor1D {
    return tf.fill([rows], START, 'int32');
  }
}

/** The mean cross-entropy of all characters, as torch.nn.functional.cross_entropy gives it. */
export function lossOf(logits: tf.Tensor3D, target: tf.Tensor2D): tf.Scalar {
  const characters = logits.shape[2];
  const wanted = tf.oneHot(target.flatten().toInt(), characters).toFloat();
  const rows = logits.reshape<tf.Tensor2D>([-1, characters]);
  return rows.logSumExp(1).sub(rows.mul(wanted).sum(1)).mean();
}
