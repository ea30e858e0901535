import type { Layout } from '../../matching/layout.js';
import { elementCount } from '../../state-dict/tensors/dtypes.js';
import type { ModuleKind } from './module.js';

/** torch's PReLU has one value, or one per channel; tf's alpha has one per unit unless axes are shared. */
const alphaLayout: Layout = {
  torchShape: (layerShape) => {
    const unshared = layerShape.filter((size) => size !== 1);
    return [(unshared.length === 1 ? unshared[0] : layerShape.at(-1)) ?? null];
  },
  accepts: (found, layerShape) => found.length === 1 && (found[0] === 1 || found[0] === layerShape.at(-1)),
  toLayer: ({ values }, layerShape) => {
    const size = elementCount(layerShape);
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

/** weight `[num_parameters]` is alpha, whose last axis is the channels. */
export const prelu: ModuleKind = (layer, layerPath) => {
  const config = layer.getConfig();
  const shared = new Set((config as { sharedAxes: number[] | null }).sharedAxes ?? []);
  return {
    torchName: 'torch.nn.PReLU',
    config,
    parameters(inputShape) {
      const shape = inputShape?.slice(1).map((size, i) => (shared.has(i + 1) ? 1 : size)) ?? [null];
      return [{ key: 'weight', weight: 'alpha', shape, layout: alphaLayout }];
    },
    inputShape(shapeOf) {
      const size = shapeOf('weight')?.[0];
      // All axes up to some, so that channels follow last; any other set leaves open how many there are.
      if (size === undefined || !Array.from(shared, (_, i) => i + 1).every((axis) => shared.has(axis)))
        return undefined;
      const open = new Array<null>(shared.size).fill(null);
      return size === 1 && shared.size > 0 ? [null, ...open] : [null, ...open, size];
    },
    afterBuild(inputShape) {
      // The file does not hold the rank: alpha lies along the last axes, and serves inputs of more of them as well.
      const channels = inputShape.at(-1) ?? 1;
      layer.inputSpec = [{ minNDim: inputShape.length, axes: channels === 1 ? {} : { [-1]: channels } }];
    },
    shapeNote({ shape: layerShape }, found) {
      const size = layerShape.reduce<number>((product, n) => product * (n ?? 1), 1);
      const isPerChannel = size !== 1 && size === layerShape.at(-1);
      if (found.length !== 1 || found[0] === size || (found[0] !== 1 && isPerChannel)) return undefined;
      const rank = layerShape.length;
      const start = `layer "${layerPath}": alpha has ${size} values, torch.nn.PReLU's weight ${found[0]}. Pass`;
      if (found[0] !== 1)
        return `${start} ${axesUpTo(rank - 1)} to tf.layers.prelu for one value per channel.`;
      const written = alphaLayout.torchShape(layerShape)[0];
      return `${start} ${axesUpTo(rank)} to tf.layers.prelu for one value; as it is, toStateDict writes ${written}.`;
    },
  };
};
