/** Ways to run a layer over a sequence that comes in chunks. */

import * as tf from '@tensorflow/tfjs';
import type { GRU, LSTM } from '../../../src/index.js';

export type Layer = GRU | LSTM;

export interface Stream {
  /** How many chunks it has taken. */
  readonly calls: number;
  take(chunk: tf.Tensor): void;
  /** Frees what it holds. @returns the output of the last step that it took. */
  end(): Float32Array;
}

/** By the name of the call. */
export const STREAMS: Readonly<Record<string, (layer: Layer) => Stream>> = {
  forward: (layer) => new ForwardStream(layer),
  apply: (layer) => new StatefulStream(layer),
};

/** The states are carried by the caller. */
class ForwardStream implements Stream {
  calls = 0;
  private states: { readonly h0?: tf.Tensor; readonly c0?: tf.Tensor } = {};

  constructor(private readonly layer: Layer) {}

  take(chunk: tf.Tensor): void {
    const { output, hn, ...rest } = this.layer.forward(chunk, this.states);
    tf.dispose([output, { ...this.states }]);
    this.states = 'cn' in rest ? { h0: hn, c0: rest.cn as tf.Tensor } : { h0: hn };
    this.calls++;
  }

  end(): Float32Array {
    const last = this.states.h0?.dataSync<'float32'>().slice() ?? new Float32Array();
    tf.dispose({ ...this.states });
    this.states = {};
    return last;
  }
}

/** The layer carries its states; it returns them too. */
class StatefulStream implements Stream {
  calls = 0;
  private hn: tf.Tensor | undefined;

  constructor(private readonly layer: Layer) {}

  take(chunk: tf.Tensor): void {
    const [output, hn, ...rest] = this.layer.apply(chunk) as tf.Tensor[];
    tf.dispose([output as tf.Tensor, ...rest, ...(this.hn ? [this.hn] : [])]);
    this.hn = hn;
    this.calls++;
  }

  end(): Float32Array {
    const last = this.hn?.dataSync<'float32'>().slice() ?? new Float32Array();
    this.hn?.dispose();
    this.hn = undefined;
    this.layer.resetStates();
    return last;
  }
}
