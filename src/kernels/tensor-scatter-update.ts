import {
  type KernelBackend,
  type KernelFunc,
  type TensorInfo,
  TensorScatterUpdate,
} from '@tensorflow/tfjs-core';
import { replaceKernel } from './replace-kernel.js';

/** tfjs 4.22's kernel for cpu writes into the tensor that it is given, and returns the same memory: it gets a copy. */
const onCopy =
  (present: KernelFunc): KernelFunc =>
  ({ inputs, backend, attrs }) => {
    const { tensor } = inputs as { tensor: TensorInfo };
    const { dtype, shape } = tensor;
    const values = backend as KernelBackend;
    const copy = (values.readSync(tensor.dataId) as Float32Array | Int32Array).slice();
    const dataId = values.write(copy, shape, dtype);
    const result = present({ inputs: { ...inputs, tensor: { dataId, shape, dtype } }, backend, attrs });
    values.disposeData(dataId);
    return result;
  };

replaceKernel(TensorScatterUpdate, 'cpu', onCopy);
