/** The convolutions of this package. */

import type { Layout } from '../../matching/layout.js';
import type { LayerSetting } from '../../matching/torch-module.js';
import { channelAxis, groupsIn, inputWith, kernelLayouts } from './conv.js';
import { flagsFor, kernelAndBias, type ModuleKind } from './module.js';

interface TorchConvConfig {
  outChannels: number;
  kernelSize: number[];
  inChannels?: number;
  stride: number[];
  dilation: number[];
  groups: number;
  bias: boolean;
  dataFormat: string;
}

const argumentsFor = flagsFor({ bias: 'bias' });

/** Without padding: what PyTorch pads may be padded before the layer, or be the steps of a stream. */
function settingsOf({ stride, dilation }: TorchConvConfig): LayerSetting[] {
  return [
    { argument: 'stride', torchName: 'stride', value: stride },
    { argument: 'dilation', torchName: 'dilation', value: dilation },
  ];
}

function conv(axes: 1 | 2): ModuleKind {
  const layout = kernelLayouts[axes] as Layout;
  return (layer) => {
    const config = layer.getConfig() as unknown as TorchConvConfig;
    const { outChannels, kernelSize, inChannels, groups, bias, dataFormat } = config;
    return {
      torchName: `torch.nn.Conv${axes}d`,
      config: { ...config },
      parameters(inputShape) {
        const channels = inputShape?.at(channelAxis(dataFormat)) ?? inChannels ?? null;
        const perGroup = channels === null ? null : channels / groups;
        return kernelAndBias([...kernelSize, perGroup, outChannels], layout, bias);
      },
      inputShape(shapeOf) {
        const perGroup = shapeOf('weight')?.[1];
        return inputWith(perGroup === undefined ? undefined : perGroup * groups, axes, dataFormat);
      },
      settings: settingsOf(config),
      argumentsFor,
      shapeNote(parameter, found) {
        const perGroup = parameter.shape[axes];
        if (parameter.key !== 'weight' || perGroup == null) return undefined;
        const inFile = groupsIn(found, parameter, perGroup * groups);
        return inFile === undefined
          ? undefined
          : `These are the shapes of groups=${inFile}, or of ${found[1]} input channels: pass groups: ${inFile} where the module has them.`;
      },
    };
  };
}

function convTranspose(axes: 1 | 2): ModuleKind {
  return (layer) => {
    const config = layer.getConfig() as unknown as TorchConvConfig;
    const { outChannels, kernelSize, inChannels, groups, bias, dataFormat } = config;
    return {
      torchName: `torch.nn.ConvTranspose${axes}d`,
      config: { ...config },
      parameters(inputShape) {
        const channels = inputShape?.at(channelAxis(dataFormat)) ?? inChannels ?? null;
        const shape = [...kernelSize, outChannels / groups, channels];
        return kernelAndBias(shape, kernelLayouts[axes] as Layout, bias, outChannels);
      },
      inputShape: (shapeOf) => inputWith(shapeOf('weight')?.[0], axes, dataFormat),
      settings: settingsOf(config),
      argumentsFor,
      shapeNote(parameter, [channels = 0, perGroup = 0]) {
        const inFile = outChannels / perGroup;
        const isOther = parameter.key === 'weight' && inFile !== groups && channels % inFile === 0;
        return isOther ? `The file fits groups=${inFile}: pass groups: ${inFile}.` : undefined;
      },
    };
  };
}

export const torchConv1d = conv(1);
export const torchConv2d = conv(2);
export const torchConvTranspose1d = convTranspose(1);
export const torchConvTranspose2d = convTranspose(2);
