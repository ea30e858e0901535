/** Convolutions of tf.layers. torch and they slide the kernel alike, without flipping it. */

import { type Layout, permuted } from '../../matching/layout.js';
import type { Parameter } from '../../matching/torch-module.js';
import { flagsFor, kernelAndBias, type ModuleKind } from './module.js';

interface ConvConfig {
  filters: number;
  kernelSize: number[];
  strides: number[];
  padding: string;
  useBias: boolean;
  dataFormat: 'channelsFirst' | 'channelsLast';
}

/**
 * weight `[out, in, ...kernel]` is kernel `[...kernel, in, out]`, and a transposed convolution's `[in, out, ...kernel]` is
 * `[...kernel, out, in]`.
 */
export const kernelLayouts: Readonly<Record<number, Layout>> = {
  1: permuted([2, 1, 0]),
  2: permuted([2, 3, 1, 0]),
};

/** The shape of an input with so many channels, along as many axes as the kernel has. */
export function inputWith(
  channels: number | undefined,
  axes: number,
  dataFormat: string,
): (number | null)[] | undefined {
  if (channels === undefined) return undefined;
  const space = new Array<null>(axes).fill(null);
  return dataFormat === 'channelsFirst' ? [null, channels, ...space] : [null, ...space, channels];
}

/** Which of an input's sizes is that of its channels. */
export function channelAxis(dataFormat: string): 1 | -1 {
  return dataFormat === 'channelsFirst' ? 1 : -1;
}

/** The groups of a module whose weight `[out, in / groups, ...]` is in the file; undefined where that does not explain its shape. */
export function groupsIn(found: readonly number[], { layout, shape }: Parameter, channels: number) {
  const [out, perGroup, ...kernel] = layout.torchShape(shape);
  const [foundOut, foundPerGroup = 0, ...foundKernel] = found;
  const isOwn = foundOut === out && `${foundKernel}` === `${kernel}`;
  const groups = channels / foundPerGroup;
  return isOwn && foundPerGroup !== perGroup && Number.isInteger(groups) ? groups : undefined;
}

/** torch pads as much on both sides, tf.layers as little as the last window needs, and first at the end. */
function samePaddingWarnings(layerPath: string, { padding, strides }: ConvConfig, factory: string): string[] {
  if (padding !== 'same' || strides.every((stride) => stride === 1)) return [];
  return [
    `layer "${layerPath}": padding 'same' with strides above 1 pads on other sides than torch's padding in numbers. ` +
      `Use ${factory}({ stride, padding }) of this package with the module's numbers.`,
  ];
}

function conv(axes: 1 | 2): ModuleKind {
  const torchName = `torch.nn.Conv${axes}d`;
  const layout = kernelLayouts[axes] as Layout;
  return (layer, layerPath) => {
    const config = layer.getConfig() as unknown as ConvConfig;
    const { filters, kernelSize, useBias, dataFormat } = config;
    return {
      torchName,
      config: { ...config },
      parameters(inputShape) {
        const channels = inputShape?.at(channelAxis(dataFormat)) ?? null;
        return kernelAndBias([...kernelSize, channels, filters], layout, useBias);
      },
      inputShape: (shapeOf) => inputWith(shapeOf('weight')?.[1], axes, dataFormat),
      argumentsFor: flagsFor({ bias: 'useBias' }),
      warnings: () => samePaddingWarnings(layerPath, config, `conv${axes}d`),
      shapeNote(parameter, found) {
        const channels = parameter.shape[axes];
        if (parameter.key !== 'weight' || channels == null) return undefined;
        const groups = groupsIn(found, parameter, channels);
        if (groups === undefined) return undefined;
        return (
          `These are the shapes of groups=${groups}, which tf.layers.conv${axes}d does not have, or of ${found[1]} input ` +
          `channels: use conv${axes}d({ groups: ${groups} }) of this package where the module has them.`
        );
      },
    };
  };
}

export const conv1d = conv(1);
export const conv2d = conv(2);

/** weight `[in, out, kh, kw]` is kernel `[kh, kw, out, in]`. */
export const conv2dTranspose: ModuleKind = (layer, layerPath) => {
  const config = layer.getConfig() as unknown as ConvConfig;
  const { filters, kernelSize, strides, padding, useBias, dataFormat } = config;
  return {
    torchName: 'torch.nn.ConvTranspose2d',
    config: { ...config },
    parameters(inputShape) {
      const channels = inputShape?.at(channelAxis(dataFormat)) ?? null;
      return kernelAndBias([...kernelSize, filters, channels], kernelLayouts[2] as Layout, useBias, filters);
    },
    inputShape: (shapeOf) => inputWith(shapeOf('weight')?.[0], 2, dataFormat),
    argumentsFor: flagsFor({ bias: 'useBias' }),
    warnings() {
      const isEven = kernelSize.every((size, i) => Math.max(size - (strides[i] as number), 0) % 2 === 0);
      const isLonger = kernelSize.some((size, i) => size < (strides[i] as number));
      if (padding === 'same' ? isEven && !isLonger : !isLonger) return [];
      return [
        `layer "${layerPath}": padding '${padding}' with these sizes of kernel and strides takes other steps than any ` +
          "padding of torch without output_padding. Use convTranspose2d() of this package with the module's numbers.",
      ];
    },
  };
};

/** weight `[in * multiplier, 1, kh, kw]`, the outputs of a channel side by side, is kernel `[kh, kw, in, multiplier]`. */
const depthwiseLayout: Layout = {
  torchShape([height, width, channels, multiplier]) {
    const outputs = channels == null || multiplier == null ? null : channels * multiplier;
    return [outputs, 1, height ?? null, width ?? null];
  },
  toLayer: ({ values, shape }, layerShape) => {
    const [, , channels, multiplier] = layerShape as [number, number, number, number];
    const split = [channels, multiplier, ...shape.slice(2)];
    return permuted([2, 3, 0, 1]).toLayer({ values, shape: split }, layerShape);
  },
  toTorch(values, layerShape) {
    const turned = permuted([2, 3, 0, 1]).toTorch(values, layerShape);
    return turned && { shape: depthwiseLayout.torchShape(layerShape) as number[], values: turned.values };
  },
};

export const depthwiseConv2d: ModuleKind = (layer, layerPath) => {
  const config = layer.getConfig() as unknown as ConvConfig & { depthMultiplier: number };
  const { kernelSize, depthMultiplier, useBias, dataFormat } = config;
  return {
    torchName: 'torch.nn.Conv2d with as many groups as channels',
    config: { ...config },
    parameters(inputShape) {
      const channels = inputShape?.at(channelAxis(dataFormat)) ?? null;
      const shape = [...kernelSize, channels, depthMultiplier];
      const outputs = channels === null ? null : channels * depthMultiplier;
      const [weight, ...bias] = kernelAndBias(shape, depthwiseLayout, useBias, outputs);
      return [{ ...(weight as Parameter), weight: 'depthwise_kernel' }, ...bias];
    },
    inputShape(shapeOf) {
      const outputs = shapeOf('weight')?.[0];
      const channels = outputs === undefined ? 0.5 : outputs / depthMultiplier;
      return Number.isInteger(channels) ? inputWith(channels, 2, dataFormat) : undefined;
    },
    argumentsFor: flagsFor({ bias: 'useBias' }),
    warnings: () => samePaddingWarnings(layerPath, config, 'conv2d'),
  };
};
