import { permuted } from '../../matching/layout.js';
import { flagsFor, kernelAndBias, type ModuleKind } from './module.js';

const layout = permuted([1, 0]);

/** weight `[out, in]` is kernel `[in, out]`. */
export const linear: ModuleKind = (layer) => {
  const config = layer.getConfig();
  const { units, useBias } = config as { units: number; useBias: boolean };
  return {
    torchName: 'torch.nn.Linear',
    config,
    parameters: (inputShape) => kernelAndBias([inputShape?.at(-1) ?? null, units], layout, useBias),
    inputShape(shapeOf) {
      const inputSize = shapeOf('weight')?.[1];
      return inputSize === undefined ? undefined : [null, inputSize];
    },
    argumentsFor: flagsFor({ bias: 'useBias' }),
    sizes(shapeOf) {
      const [weight, bias] = [shapeOf('weight'), shapeOf('bias')];
      if (weight?.length !== 2) return undefined;
      const [rows, columns] = weight as [number, number];
      const isTransposed = bias ? bias[0] !== rows : columns === units;
      return isTransposed ? undefined : { units: rows };
    },
  };
};
