import type { Layout } from '../layout.js';
import type { Layer, ModuleKind } from './module.js';

/** torch's PReLU has one value, or one per channel; tf's alpha has one per unit unless axes are shared. */
const alphaLayout: Layout = {
  torchShape: (layerShape) => {
    const unshared = layerShape.filter((size) => size !== 1);
    return [(unshared.length === 1 ? unshared[0] : layerShape.at(-1)) ?? null];
  },
  accepts: (found, layerShape) => found.length === 1 && (found[0] === 1 || found[0] === layerShape.at(-1)),
  toLayer: ({ values }, layerShape) => {
    const size = layerShape.reduce((product, n) => product * n, 1);
    return Float32Array.from({ length: size }, (_, i) => values[i % values.length] as number);
  },
  toTorch: (values, layerShape) => {
    const shape = alphaLayout.torchShape(layerShape) as number[];
    const own = values.slice(0, shape[0]);
    return values.every((value, i) => Object.is(value, own[i % own.length]))
      ? { shape, values: own }
      : undefined;
  },
};

const axesUpTo = (count: number) =>
  `sharedAxes: [${Array.from({ length: count }, (_, i) => i + 1).join(', ')}]`;

function sharedAxesOf(layer: Layer): number[] {
  return (layer.getConfig() as { sharedAxes: number[] | null }).sharedAxes ?? [];
}

/** weight `[num_parameters]` is alpha, whose last axis is the channels. */
export const prelu: ModuleKind = {
  torchName: 'torch.nn.PReLU',
  parameters(layer, inputShape) {
    const shared = sharedAxesOf(layer);
    const shape = inputShape?.slice(1).map((size, i) => (shared.includes(i + 1) ? 1 : size)) ?? [null];
    return [{ key: 'weight', weight: 'alpha', shape, layout: alphaLayout }];
  },
  inputShape(layer, shapeOf) {
    const size = shapeOf('weight')?.[0];
    if (size === undefined) return undefined;
    const shared = new Array<null>(Math.max(0, ...sharedAxesOf(layer))).fill(null);
    return size === 1 && shared.length > 0 ? [null, ...shared] : [null, ...shared, size];
  },
  shapeNote(layer, found, layerShape) {
    const size = layerShape.reduce<number>((product, n) => product * (n ?? 1), 1);
    const isPerChannel = size !== 1 && size === layerShape.at(-1);
    if (found.length !== 1 || found[0] === size || (found[0] !== 1 && isPerChannel)) return undefined;
    const rank = layerShape.length;
    const remedy = found[0] === 1 ? axesUpTo(rank) : axesUpTo(rank - 1);
    return (
      `layer "${layer.name}": alpha has ${size} values, torch.nn.PReLU's weight ${found[0]}. ` +
      `Pass ${remedy} to tf.layers.prelu for one value${found[0] === 1 ? '' : ' per channel'}.`
    );
  },
};
