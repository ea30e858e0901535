import { identical, permuted } from '../layout.js';
import { flagsFor, type ModuleKind } from './module.js';

/** weight `[out, in]` is kernel `[in, out]`. */
export const linear: ModuleKind = {
  torchName: 'torch.nn.Linear',
  parameters(layer, inputShape) {
    const { units, useBias } = layer.getConfig() as { units: number; useBias: boolean };
    const kernel = [inputShape?.at(-1) ?? null, units];
    return [
      { key: 'weight', weight: 'kernel', shape: kernel, layout: permuted([1, 0]) },
      ...(useBias ? [{ key: 'bias', weight: 'bias', shape: [units], layout: identical }] : []),
    ];
  },
  inputShape: (_, shapeOf) => {
    const inputSize = shapeOf('weight')?.[1];
    return inputSize === undefined ? undefined : [null, inputSize];
  },
  argumentsFor: flagsFor({ bias: 'useBias' }),
  sizes(layer, shapeOf) {
    const [weight, bias] = [shapeOf('weight'), shapeOf('bias')];
    if (weight?.length !== 2) return undefined;
    const [units, inputSize] = weight as [number, number];
    const isTransposed = bias ? bias[0] !== units : inputSize === layer.getConfig().units;
    return isTransposed ? undefined : { units };
  },
};
