import { type StateDict, type TorchTensor, toFloat32Array } from 'tfjs-torch-rnn';

/**
 * A torch.nn.Linear with more outputs: the trained rows stay where they are, and rows of zeros come below them.
 *
 * A new output is 0 whatever the input, until it is trained. Only layers below another one need a random start.
 *
 * @param module the path of the Linear: 'fc'.
 */
export function addOutputs(stateDict: StateDict, module: string, count: number): StateDict {
  const extended: StateDict = new Map(stateDict);
  for (const key of [`${module}.weight`, `${module}.bias`]) {
    const tensor = stateDict.get(key);
    if (tensor === undefined)
      throw new RangeError(`addOutputs: expected "${key}" in the state_dict, got none`);
    extended.set(key, withRows(tensor, count));
  }
  return extended;
}

function withRows(tensor: TorchTensor, count: number): TorchTensor {
  const [rows = 0, ...rest] = tensor.shape;
  const shape = [rows + count, ...rest];
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  data.set(toFloat32Array(tensor));
  return { dtype: 'F32', shape, data };
}
