import * as tf from '@tensorflow/tfjs';

/** Runs `body` while the tensorflow backend says that it uses a GPU; returns how often a tensor was read back. */
export function readsOnFakeGpu(body: () => void): number {
  const backend = tf.backend() as tf.KernelBackend & { isUsingGpuDevice?: boolean };
  const { readSync, read, isUsingGpuDevice } = backend;
  let reads = 0;
  backend.isUsingGpuDevice = true;
  backend.readSync = (...args) => {
    reads++;
    return readSync.apply(backend, args);
  };
  backend.read = (...args) => {
    reads++;
    return read.apply(backend, args);
  };
  try {
    body();
  } finally {
    Object.assign(backend, { readSync, read, isUsingGpuDevice });
  }
  return reads;
}

/** Runs `body` while the active backend says that these data, and no other, lie on a GPU, as webgl does. */
export function whileOnGpu(dataIds: readonly object[], body: () => void): void {
  const backend = tf.backend() as tf.KernelBackend & { texData?: object };
  backend.texData = {
    has: () => true,
    get: (dataId: object) => ({ values: dataIds.includes(dataId) ? null : [], slice: null }),
  };
  try {
    body();
  } finally {
    delete backend.texData;
  }
}
