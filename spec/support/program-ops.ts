/** Ops that specs register, so that they do not depend on those of the package. */

import * as tf from '@tensorflow/tfjs';
import { type OpCall, registerOp } from '../../src/program/index.js';

/** How often `spec.double` has run. */
export const runs = { double: 0 };

export function registerSpecOps(): void {
  registerOp('spec::double(Tensor self) -> Tensor', (self: tf.Tensor) => {
    runs.double++;
    return tf.mul(self, 2);
  });
  registerOp('spec::plus(Tensor self, Tensor other) -> Tensor', (self: tf.Tensor, other: tf.Tensor) =>
    tf.add(self, other),
  );
  registerOp('spec::times(Tensor self, Tensor other) -> Tensor', (self: tf.Tensor, other: tf.Tensor) =>
    tf.mul(self, other),
  );
  /** In place it is `spec.plus_`. */
  registerOp('spec::row(Tensor(a) self, int i) -> Tensor(a)', (self: tf.Tensor, i: number) =>
    tf.squeeze(tf.slice(self, [i], [1]), [0]),
  );
  registerOp('spec::same(Tensor(a) self) -> Tensor(a)', (self: tf.Tensor) => self);
  registerOp('spec::halves(Tensor self) -> Tensor[]', (self: tf.Tensor) => tf.split(self, 2));
  registerOp('spec::wrong(Tensor self) -> Tensor', (self: tf.Tensor) => [tf.add(self, 1), tf.add(self, 2)]);
  registerOp('spec::more(Tensor self) -> ()', (self: tf.Tensor) => tf.add(self, 1));
  registerOp('spec::fail(Tensor self) -> Tensor', (self: tf.Tensor) => {
    tf.add(self, 1);
    throw new Error('as told');
  });
  registerOp(
    'spec::training(Tensor self, bool train) -> Tensor',
    (self: tf.Tensor, train: boolean, call: OpCall) => tf.add(self, train && call.isTraining ? 100 : 0),
  );
  registerOp(
    'spec::track(Tensor self, Tensor mean, bool train) -> Tensor',
    (self: tf.Tensor, mean: tf.Tensor, train: boolean, call: OpCall) => {
      if (train && call.isTraining) call.assign(1, tf.add(mean, tf.sum(self)));
      return tf.add(self, mean);
    },
  );
}
