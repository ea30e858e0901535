/** The port of g2p_network.py: an encoder reads a word's letters, a decoder writes its phonemes. */

import * as tf from '@tensorflow/tfjs';
import { gru, gruCell, loadStateDict, type StateDict } from 'tfjs-torch-rnn';
import { padRows } from '../support/batches.js';

const PAD = 0;
const START = 2;
const END = 3;
const MAX_PHONEMES = 20;

export interface Sizes {
  readonly graphemes: number;
  readonly phonemes: number;
  readonly embeddingSize: number;
  readonly hiddenSize: number;
}

/** What goes from one step of the decoder to the next. A type alias, so that `tidy` takes it for a container. */
type Step = {
  /** The state, `[B, H]`. */
  h: tf.Tensor2D;
  /** Each word's latest phoneme, int32 `[B]`. */
  phoneme: tf.Tensor1D;
};

export class G2P {
  /** By the paths of their modules in g2p_network.py. */
  private readonly layers;

  constructor(stateDict: StateDict, { graphemes, phonemes, embeddingSize, hiddenSize }: Sizes) {
    this.layers = {
      enc_emb: tf.layers.embedding({ inputDim: graphemes, outputDim: embeddingSize }),
      encoder: gru({ hiddenSize }),
      dec_emb: tf.layers.embedding({ inputDim: phonemes, outputDim: embeddingSize }),
      decoder: gruCell({ hiddenSize }),
      fc: tf.layers.dense({ units: phonemes }),
    };
    loadStateDict(this.layers, stateDict);
  }

  /** The phonemes of a batch of words of any lengths, indices both. */
  async predict(words: readonly (readonly number[])[]): Promise<number[][]> {
    return this.decode(this.encode(words));
  }

  dispose(): void {
    for (const layer of Object.values(this.layers)) layer.dispose();
  }

  /** The encoder's state `[B, H]` at the end of each word, wherever that is in its row. */
  private encode(words: readonly (readonly number[])[]): tf.Tensor2D {
    return tf.tidy(() => {
      const graphemes = tf.tensor2d(padRows(words, PAD), undefined, 'int32');
      const lengths = words.map((word) => word.length);
      const embedded = this.layers.enc_emb.apply(graphemes) as tf.Tensor;
      const { hn } = this.layers.encoder.forward(embedded, { lengths });
      return hn.squeeze<tf.Tensor2D>([0]);
    });
  }

  /** Greedy: each step's best phoneme is the next step's input, until every word has ended. Disposes `h`. */
  private async decode(h: tf.Tensor2D): Promise<number[][]> {
    const words: number[][] = Array.from({ length: h.shape[0] }, () => []);
    const open = new Set(words);
    let step: Step = { h, phoneme: tf.fill([words.length], START, 'int32') };
    for (let i = 0; i < MAX_PHONEMES && open.size > 0; i++) {
      const last = step;
      step = tf.tidy(() => this.decodeStep(last));
      tf.dispose(last);
      const phonemes = await step.phoneme.data();
      for (const [row, word] of words.entries()) {
        if (phonemes[row] === END) open.delete(word);
        if (open.has(word)) word.push(phonemes[row]);
      }
    }
    tf.dispose(step);
    return words;
  }

  private decodeStep({ h, phoneme }: Step): Step {
    const next = this.layers.decoder.forward(this.layers.dec_emb.apply(phoneme) as tf.Tensor2D, h);
    const logits = this.layers.fc.apply(next) as tf.Tensor2D;
    return { h: next, phoneme: logits.argMax(1) };
  }
}
