/** The norms of this package, whose weights have torch's names and shapes. */

import { identical } from '../../matching/layout.js';
import { channelAxis } from './conv.js';
import { flagsFor, type ModuleKind } from './module.js';

interface TorchNormConfig {
  eps: number;
  affine: boolean;
  numGroups?: number;
  dataFormat: string;
  trackRunningStats?: boolean;
  numFeatures?: number;
  numChannels?: number;
}

const AFFINE = ['weight', 'bias'];
const STATISTICS = ['running_mean', 'running_var'];
const COUNTERS = ['num_batches_tracked'];

/** @param rank of the input to build the layer for: norms that take several ranks keep none of it. */
function norm(torchName: string, rank: number): ModuleKind {
  return (layer) => {
    const config = layer.getConfig() as unknown as TorchNormConfig;
    const { affine, dataFormat, numFeatures, numChannels, numGroups, trackRunningStats } = config;
    const names = [...(affine ? AFFINE : []), ...(trackRunningStats ? STATISTICS : [])];
    return {
      torchName,
      config: { ...config },
      parameters(inputShape) {
        const shape = [inputShape?.at(channelAxis(dataFormat)) ?? numFeatures ?? numChannels ?? null];
        return names.map((name) => ({ key: name, weight: name, shape, layout: identical }));
      },
      inputShape(shapeOf) {
        const [channels] = names.flatMap((name) => shapeOf(name)?.[0] ?? []);
        if (channels === undefined) return undefined;
        const shape = new Array<number | null>(rank).fill(null);
        shape[dataFormat === 'channelsFirst' ? 1 : rank - 1] = channels;
        return shape;
      },
      settings: [
        { argument: 'eps', torchName: 'eps', value: config.eps },
        ...(numGroups === undefined
          ? []
          : [{ argument: 'numGroups', torchName: 'num_groups', value: numGroups }]),
      ],
      ...(trackRunningStats && { counters: COUNTERS }),
      argumentsFor: flagsFor({
        weight: 'affine',
        ...('trackRunningStats' in config && { running_mean: 'trackRunningStats' }),
      }),
    };
  };
}

export const torchGroupNorm = norm('torch.nn.GroupNorm', 2);
export const torchInstanceNorm1d = norm('torch.nn.InstanceNorm1d', 3);
export const torchBatchNorm = norm('torch.nn.BatchNorm1d or BatchNorm2d', 2);
