/** Random convolutions, norms and Linears against those of torch.nn, on their output and their gradients. */

import type * as tf from '@tensorflow/tfjs';
import { loadStateDict } from '../../../src/index.js';
import { gradientsOf, inputOf, makersFor, outputOf, toTorchOrder } from '../../models/torch-modules.js';
import type { FloatTensor, ModuleFixture } from '../../support/fixtures.js';
import { expectGradient } from '../../support/gradients.js';
import { expectForward, toTensor } from '../../support/parity.js';
import { Random } from '../../support/random.js';
import { tidied } from '../../support/tidied.js';
import { UNHEARD } from '../../support/unheard.js';
import { checkOnEachBackend } from './backends.js';
import type { Session } from './session.js';

/** What oracle/modules.py makes a module and its input of. */
interface ModuleCase {
  readonly seed: number;
  readonly module: string;
  /** Arguments of the class, in torch's words. */
  readonly args: Readonly<Record<string, unknown>>;
  /** In torch's layout: channels before the positions. */
  readonly inputShape: readonly number[];
}

type Made = Omit<ModuleCase, 'seed'>;

/** Each case once through torch, and through the layer that stands for its module on every backend. */
export function compareModules(session: Session, cases: number): void {
  for (let i = 0; i < cases; i++) {
    const seed = session.seed + i;
    const asked = randomCase(seed);
    let answer: Promise<ModuleFixture> | undefined;
    checkOnEachBackend(session, JSON.stringify(asked), { part: 'modules', seed }, async () => {
      answer ??= session.oracle.ask<ModuleFixture>({ command: 'module', ...asked });
      const fixture = await answer;
      await compareLayer(layerFor(fixture), fixture);
    });
  }
}

/** Of this package, or of tf.layers where that has the module's arguments. */
function layerFor(fixture: ModuleFixture): tf.layers.Layer {
  const makers = makersFor(fixture);
  const make = makers.get('') ?? makers.get('tf.layers');
  if (make === undefined) throw new Error(`no layer for ${fixture.module}`);
  return make();
}

async function compareLayer(layer: tf.layers.Layer, fixture: ModuleFixture): Promise<void> {
  loadStateDict(layer, fixture.stateDict, UNHEARD);
  await tidied(async () => {
    const output = outputOf(layer, fixture.module, inputOf(fixture));
    await expectForward(toTorchOrder(fixture.module, output), fixture.output, 'output');
  });
  const gradients = await gradientsOf(layer, fixture);
  layer.dispose();
  const [got, wanted] = [[...gradients.keys()], Object.keys(fixture.gradients)].map((keys) =>
    keys.sort().join(),
  );
  if (got !== wanted) throw new Error(`gradients of ${got}, torch has ${wanted}`);
  await tidied(async () => {
    for (const [key, gradient] of gradients)
      await expectGradient(toTensor(gradient), fixture.gradients[key] as FloatTensor, `gradient of ${key}`);
  });
}

const MAKERS: readonly ((random: Random) => Made)[] = [
  (random) => convolution(random, 1),
  (random) => convolution(random, 2),
  (random) => transposedConvolution(random, 1),
  (random) => transposedConvolution(random, 2),
  norm,
  layerNorm,
  linear,
];

function randomCase(seed: number): ModuleCase {
  const random = new Random(seed);
  return { seed, ...random.pick(MAKERS)(random) };
}

/** Channels in and out, and the groups that divide them. */
function channels(random: Random) {
  const groups = random.pick([1, 1, 1, 2, 3]);
  const [in_channels, out_channels] = [groups * random.integer(1, 4), groups * random.integer(1, 4)];
  const isDepthwise = random.chance(0.2);
  return isDepthwise
    ? { in_channels, out_channels: in_channels * random.integer(1, 2), groups: in_channels }
    : { in_channels, out_channels, groups };
}

function each<T>(axes: number, make: () => T): T[] {
  return Array.from({ length: axes }, make);
}

function convolution(random: Random, axes: 1 | 2): Made {
  const kernel_size = each(axes, () => random.integer(1, 5));
  const dilation = each(axes, () => random.integer(1, 3));
  const isSame = random.chance(0.3);
  const stride = each(axes, () => (isSame ? 1 : random.integer(1, 3)));
  const padding = isSame ? 'same' : kernel_size.map((size) => random.integer(0, size - 1));
  const positions = kernel_size.map((size, i) => (size - 1) * (dilation[i] as number) + random.integer(1, 6));
  const { in_channels, ...others } = channels(random);
  const args = { in_channels, ...others, kernel_size, stride, padding, dilation, bias: random.chance(0.7) };
  return { module: `Conv${axes}d`, args, inputShape: [random.integer(1, 3), in_channels, ...positions] };
}

function transposedConvolution(random: Random, axes: 1 | 2): Made {
  const kernel_size = each(axes, () => random.integer(1, 5));
  const dilation = each(axes, () => random.integer(1, 3));
  const stride = each(axes, () => random.integer(1, 3));
  const padding = kernel_size.map((size) => random.integer(0, Math.floor((size - 1) / 2)));
  const output_padding = stride.map((step, i) =>
    random.integer(0, Math.max(step, dilation[i] as number) - 1),
  );
  const { in_channels, ...others } = channels(random);
  const own = { kernel_size, stride, padding, output_padding, dilation, bias: random.chance(0.7) };
  const positions = each(axes, () => random.integer(2, 6));
  return {
    module: `ConvTranspose${axes}d`,
    args: { in_channels, ...others, ...own },
    inputShape: [random.integer(1, 3), in_channels, ...positions],
  };
}

/** Of statistics over four values or more: fewer may lie so close together that the norm magnifies their rounding. */
function norm(random: Random): Made {
  const size = random.integer(1, 4);
  const groups = random.integer(1, 3);
  const count = groups * size;
  const common = { affine: random.chance(0.7), eps: random.pick([1e-5, 1e-3]) };
  const batch = random.integer(4, 6);
  const steps = random.integer(4, 8);
  switch (random.integer(0, 3)) {
    case 0:
      return {
        module: 'GroupNorm',
        args: { num_groups: groups, num_channels: count, ...common },
        inputShape: [batch, count, steps],
      };
    case 1:
      return {
        module: 'InstanceNorm1d',
        args: { num_features: count, track_running_stats: random.chance(0.5), ...common },
        inputShape: [batch, count, steps],
      };
    case 2:
      return {
        module: 'BatchNorm2d',
        args: { num_features: count, track_running_stats: random.chance(0.7), ...common },
        inputShape: [batch, count, steps, random.integer(1, 4)],
      };
    default:
      return {
        module: 'BatchNorm1d',
        args: { num_features: count, track_running_stats: random.chance(0.7), ...common },
        inputShape: random.chance(0.5) ? [2 * batch, count] : [batch, count, steps],
      };
  }
}

function layerNorm(random: Random): Made {
  const shape = each(random.integer(1, 2), () => random.integer(3, 6));
  const leading = each(random.integer(1, 2), () => random.integer(1, 4));
  const args = { normalized_shape: shape, eps: random.pick([1e-5, 1e-3]) };
  return { module: 'LayerNorm', args, inputShape: [...leading, ...shape] };
}

function linear(random: Random): Made {
  const args = {
    in_features: random.integer(1, 9),
    out_features: random.integer(1, 9),
    bias: random.chance(0.7),
  };
  const leading = each(random.integer(1, 3), () => random.integer(1, 4));
  return { module: 'Linear', args, inputShape: [...leading, args.in_features] };
}
