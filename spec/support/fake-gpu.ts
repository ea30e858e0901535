import * as tf from '@tensorflow/tfjs';

/** Runs `body` while the tensorflow backend says that it uses a GPU; returns how often a tensor was read back from there. */
export function readsOnFakeGpu(body: () => void): number {
  const backend = tf.backend() as tf.KernelBackend & {
    isUsingGpuDevice?: boolean;
    readonly tensorMap: { get(dataId: object): { readonly values: unknown } };
  };
  const { readSync, read, isUsingGpuDevice } = backend;
  let reads = 0;
  const count = (dataId: object) => {
    if (backend.tensorMap.get(dataId).values == null) reads++;
  };
  backend.isUsingGpuDevice = true;
  backend.readSync = (dataId) => {
    count(dataId);
    return readSync.call(backend, dataId);
  };
  backend.read = (dataId) => {
    count(dataId);
    return read.call(backend, dataId);
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
