import { identical, permuted } from '../layout.js';
import { flagsFor, type ModuleKind } from './module.js';

interface ConvConfig {
  filters: number;
  kernelSize: number[];
  useBias: boolean;
  dataFormat: 'channelsFirst' | 'channelsLast';
}

/** weight `[out, in, ...kernel]` is kernel `[...kernel, in, out]`. Both slide the kernel without flipping it. */
function conv(torchName: string, rank: 1 | 2): ModuleKind {
  const layout = permuted(rank === 1 ? [2, 1, 0] : [2, 3, 1, 0]);
  return {
    torchName,
    parameters(layer, inputShape) {
      const { filters, kernelSize, useBias, dataFormat } = layer.getConfig() as unknown as ConvConfig;
      const channels = inputShape?.at(dataFormat === 'channelsFirst' ? 1 : -1) ?? null;
      const kernel = [...kernelSize, channels, filters];
      return [
        { key: 'weight', weight: 'kernel', shape: kernel, layout },
        ...(useBias ? [{ key: 'bias', weight: 'bias', shape: [filters], layout: identical }] : []),
      ];
    },
    inputShape(layer, shapeOf) {
      const channels = shapeOf('weight')?.[1];
      if (channels === undefined) return undefined;
      const { dataFormat } = layer.getConfig() as unknown as ConvConfig;
      const space = new Array<null>(rank).fill(null);
      return dataFormat === 'channelsFirst' ? [null, channels, ...space] : [null, ...space, channels];
    },
    argumentsFor: flagsFor({ bias: 'useBias' }),
  };
}

export const conv1d = conv('torch.nn.Conv1d', 1);
export const conv2d = conv('torch.nn.Conv2d', 2);
