/** Layers that show how masks travel through a model. */

import * as tf from '@tensorflow/tfjs';

/** Hands its input on with a mask, or with none. */
export class Marks extends tf.layers.Layer {
  static className = 'TorchSpecMarks';
  override supportsMasking = true;

  constructor(private readonly mask: number[][] | null) {
    super({});
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return Array.isArray(inputs) ? inputs[0] : inputs;
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override computeMask(): tf.Tensor {
    return this.mask === null ? (null as unknown as tf.Tensor) : tf.tensor(this.mask).cast('bool');
  }
}

/** Keeps the values of the mask that comes with its input, null where none does. */
export class Watch extends tf.layers.Layer {
  static className = 'TorchSpecWatch';
  override supportsMasking = true;
  seen: unknown;

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return Array.isArray(inputs) ? inputs[0] : inputs;
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override computeMask(_inputs: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor {
    // tfjs asks once without masks, behind every call.
    if (Array.isArray(mask)) this.seen = mask[0] ? mask[0].arraySync() : null;
    return null as unknown as tf.Tensor;
  }
}
