import type { Shape } from '@tensorflow/tfjs-layers';
import { showShape } from '../../check.js';
import { identical, type Sizes } from '../../matching/layout.js';
import type { LayerSetting, Parameter } from '../../matching/torch-module.js';
import { countAxesFromEnd } from '../../tfjs-internals/layers.js';
import { flagsFor, type Layer, type ModuleKind } from './module.js';

/** eps of torch's normalization modules; tf.layers default to 1e-3, which moves small activations visibly. */
const TORCH_EPS = 1e-5;

interface NormConfig {
  axis: number | number[];
  epsilon: number;
  center: boolean;
  scale: boolean;
}

const argumentsFor = flagsFor({ weight: 'scale', bias: 'center' });

function scaleAndCenter({ scale, center }: NormConfig, shape: Sizes): Parameter[] {
  return [
    ...(scale ? [{ key: 'weight', weight: 'gamma', shape, layout: identical }] : []),
    ...(center ? [{ key: 'bias', weight: 'beta', shape, layout: identical }] : []),
  ];
}

function epsilonWarnings(
  layerPath: string,
  epsilon: number,
  torchName: string,
  isTold: (name: string) => boolean,
): string[] {
  if (epsilon === TORCH_EPS || isTold('eps')) return [];
  return [
    `layer "${layerPath}": epsilon is ${epsilon}, where ${torchName} defaults to eps=1e-5, and the file does not hold it. ` +
      `Pass epsilon: 1e-5 to the layer unless the module was made with eps=${epsilon}.`,
  ];
}

function epsilonSetting(value: number): LayerSetting[] {
  return [{ argument: 'epsilon', torchName: 'eps', value }];
}

/** Known where the layer stands in a model or was given an input shape. */
function rankOfInput(layer: Layer): number | undefined {
  const shapes = layer.inboundNodes[0]?.inputShapes as Shape[] | undefined;
  return shapes?.[0]?.length ?? layer.batchInputShape?.length;
}

/** weight and bias are gamma and beta over the last axes, torch's normalized_shape. */
export const layerNorm: ModuleKind = (layer, layerPath) => {
  const config = layer.getConfig();
  const norm = config as unknown as NormConfig;
  const { epsilon, center, scale } = norm;
  const axes = [norm.axis].flat();
  const torchName = 'torch.nn.LayerNorm';
  return {
    torchName,
    config,
    parameters: (inputShape) =>
      scaleAndCenter(
        norm,
        axes.map((axis) => inputShape?.at(axis) ?? null),
      ),
    inputShape(shapeOf) {
      const sizes = shapeOf('weight') ?? shapeOf('bias');
      if (sizes?.length !== axes.length) return undefined;
      const [first = 0] = axes;
      return [...new Array<null>(first < 0 ? 1 : first).fill(null), ...sizes];
    },
    afterBuild() {
      // The file does not hold the rank, so axes that count from the end must go on doing so.
      if (axes.every((axis) => axis < 0)) countAxesFromEnd(layer, axes);
    },
    argumentsFor,
    conflict() {
      if (center && !scale) {
        const remedy = 'torch.nn.LayerNorm can lack the bias, but not the weight alone';
        return { rule: 'scale: true beside center: true', got: 'scale: false', remedy };
      }
      const rank = rankOfInput(layer) ?? (axes.at(-1) as number) + 1;
      const isTrailing = axes.every((a, i) => (a < 0 ? a + rank : a) === rank - axes.length + i);
      if (isTrailing) return undefined;
      const remedy = 'torch.nn.LayerNorm normalizes the last dimensions';
      return { rule: 'axis to list the last axes in order', got: showShape(axes), remedy };
    },
    settings: epsilonSetting(epsilon),
    warnings: (isTold) => [
      ...epsilonWarnings(layerPath, epsilon, torchName, isTold),
      ...axisWarnings(layer, layerPath, axes),
    ],
  };
};

/** After an eager call the axes of a layer are counted from the front, and the layer keeps no rank of its input. */
function axisWarnings(layer: Layer, layerPath: string, axes: readonly number[]): string[] {
  if (rankOfInput(layer) !== undefined || axes.every((axis) => axis < 0)) return [];
  return [
    `layer "${layerPath}": axis is ${showShape(axes)} of an input whose rank the layer does not keep. ` +
      'torch.nn.LayerNorm normalizes the last dimensions: see that they are those.',
  ];
}

/** weight, bias, running_mean, running_var are gamma, beta and the moving statistics. */
export const batchNorm: ModuleKind = (layer, layerPath) => {
  const config = layer.getConfig();
  const norm = config as unknown as NormConfig & { axis: number };
  const { axis, epsilon, center, scale } = norm;
  return {
    torchName: 'torch.nn.BatchNorm1d or BatchNorm2d',
    config,
    parameters(inputShape) {
      const shape = [inputShape?.at(axis) ?? null];
      return [
        ...scaleAndCenter(norm, shape),
        { key: 'running_mean', weight: 'moving_mean', shape, layout: identical },
        { key: 'running_var', weight: 'moving_variance', shape, layout: identical },
      ];
    },
    inputShape(shapeOf) {
      const channels = shapeOf('running_mean')?.[0];
      if (channels === undefined) return undefined;
      const rank = axis < 0 ? 1 - axis : axis + 1;
      const shape = new Array<number | null>(rank).fill(null);
      shape[axis < 0 ? axis + rank : axis] = channels;
      return shape;
    },
    afterBuild(inputShape) {
      // The file does not hold the rank, so the layer must not insist on the one it was built for.
      layer.inputSpec = [{ axes: { [axis]: inputShape.at(axis) as number } }];
    },
    counters: ['num_batches_tracked'],
    argumentsFor,
    conflict() {
      const rank = rankOfInput(layer);
      if (rank !== undefined && (axis >= rank || axis < -rank)) {
        const remedy = 'It is the axis of the channels, counted with the batch as 0';
        return { rule: `axis to be one of an input of ${rank} dimensions`, got: String(axis), remedy };
      }
      if (scale === center) return undefined;
      const remedy = "torch's affine switches both";
      return { rule: 'scale and center alike', got: `scale: ${scale}, center: ${center}`, remedy };
    },
    settings: epsilonSetting(epsilon),
    warnings: (isTold) => epsilonWarnings(layerPath, epsilon, 'torch.nn.BatchNorm', isTold),
  };
};
