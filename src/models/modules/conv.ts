import { permuted } from '../../matching/layout.js';
import { flagsFor, kernelAndBias, type ModuleKind } from './module.js';

interface ConvConfig {
  filters: number;
  kernelSize: number[];
  useBias: boolean;
  dataFormat: 'channelsFirst' | 'channelsLast';
}

/** weight `[out, in, ...kernel]` is kernel `[...kernel, in, out]`. Both slide the kernel without flipping it. */
function conv(torchName: string, rank: 1 | 2): ModuleKind {
  const layout = permuted(rank === 1 ? [2, 1, 0] : [2, 3, 1, 0]);
  const space = new Array<null>(rank).fill(null);
  return (layer) => {
    const config = layer.getConfig();
    const { filters, kernelSize, useBias, dataFormat } = config as unknown as ConvConfig;
    const isChannelsFirst = dataFormat === 'channelsFirst';
    return {
      torchName,
      config,
      parameters(inputShape) {
        const channels = inputShape?.at(isChannelsFirst ? 1 : -1) ?? null;
        return kernelAndBias([...kernelSize, channels, filters], layout, useBias);
      },
      inputShape(shapeOf) {
        const channels = shapeOf('weight')?.[1];
        if (channels === undefined) return undefined;
        return isChannelsFirst ? [null, channels, ...space] : [null, ...space, channels];
      },
      argumentsFor: flagsFor({ bias: 'useBias' }),
    };
  };
}

export const conv1d = conv('torch.nn.Conv1d', 1);
export const conv2d = conv('torch.nn.Conv2d', 2);
