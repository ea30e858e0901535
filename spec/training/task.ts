/** The batches of scripts/fixtures/torch_fixtures/training/task.py as tensors. */

import * as tf from '@tensorflow/tfjs';
import type { Task } from './fixtures.js';

/** Ids `[N, T]` int32 and, one-hot, the ids that follow each `[N, T, V]`. */
export interface Windows {
  readonly ids: tf.Tensor2D;
  readonly targets: tf.Tensor3D;
}

/** The caller disposes both tensors. */
export function windowsAt({ text, vocabulary, steps }: Task, starts: ArrayLike<number>): Windows {
  const rowsFrom = (shift: number) =>
    Array.from(starts, (start) =>
      Array.from({ length: steps }, (_, t) => vocabulary.indexOf(text[start + shift + t] as string)),
    );
  return tf.tidy(() => ({
    ids: tf.tensor2d(rowsFrom(0), undefined, 'int32'),
    targets: oneHot(rowsFrom(1), vocabulary.length),
  }));
}

function oneHot(rows: number[][], depth: number): tf.Tensor3D {
  // With dtype float32 the wasm backend writes integers that read as 1e-45 (tfjs 4.22).
  return tf.cast(tf.oneHot(tf.tensor2d(rows, undefined, 'int32'), depth), 'float32') as tf.Tensor3D;
}

/** The starts of update `i`. */
export function startsOf({ starts }: Task, i: number): Int16Array {
  const batch = starts.shape[1] as number;
  return starts.data.subarray(i * batch, (i + 1) * batch);
}
