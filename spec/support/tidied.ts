import * as tf from '@tensorflow/tfjs';

/** `tf.tidy` for a body that awaits: of the tensors that the body makes only those of its result live on. */
export async function tidied<T>(body: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  tf.engine().startScope();
  try {
    result = await body();
    return result;
  } finally {
    tf.engine().endScope(result as tf.TensorContainer);
  }
}
