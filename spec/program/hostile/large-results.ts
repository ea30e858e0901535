/** Calls of ops that make as much as a number among their arguments says. */

import { type CallSpec, INT64 } from '../../support/program-files.js';

/** `x` is `[1, 2, 3]`, `line` `[3]`, `image` `[1, 1, 3, 3]`, `volume` `[1, 1, 3, 3, 3]`, `ids` `[2]`. */
export const INPUTS = {
  ...{ x: [1, 2, 3], line: [3], image: [1, 1, 3, 3], volume: [1, 1, 3, 3, 3] },
  ...{ w1: [2, 2, 1], w2: [1, 1, 1, 1], w3: [1, 1, 1, 1, 1], ids: [2] },
};

const int = (value: number) => ({ as_int: value });
const ints = (...values: readonly number[]) => ({ as_ints: values });
const float = (value: number) => ({ as_float: value });
const floats = (...values: readonly number[]) => ({ as_floats: values });
const flag = (value: boolean) => ({ as_bool: value });
const text = (value: string) => ({ as_string: value });
const INTEGERS = { dtype: { as_scalar_type: INT64 } };

const SPACES = ['x', 'image', 'volume'] as const;

/** Arguments of each op by one number, which says how much it makes. */
export const ASKS: Readonly<Record<string, (n: number) => CallSpec['inputs']>> = {
  'zeros.default': (n) => ({ size: ints(2, n) }),
  'ones.default': (n) => ({ size: ints(2, n) }),
  'empty.memory_format': (n) => ({ size: ints(2, n) }),
  'empty_strided.default': (n) => ({ size: ints(2, n), stride: ints(1, 1) }),
  'empty_permuted.default': (n) => ({ size: ints(2, n), physical_layout: ints(0, 1) }),
  'full.default': (n) => ({ size: ints(2, n), fill_value: float(1) }),
  'rand.default': (n) => ({ size: ints(2, n) }),
  'randn.default': (n) => ({ size: ints(2, n) }),
  'new_zeros.default': (n) => ({ self: 'x', size: ints(2, n) }),
  'new_ones.default': (n) => ({ self: 'x', size: ints(2, n) }),
  'new_empty.default': (n) => ({ self: 'x', size: ints(2, n) }),
  'new_empty_strided.default': (n) => ({ self: 'x', size: ints(2, n), stride: ints(1, 1) }),
  'new_full.default': (n) => ({ self: 'x', size: ints(2, n), fill_value: float(1) }),
  'randint.default': (n) => ({ high: int(4), size: ints(2, n), ...INTEGERS }),
  'randint.low': (n) => ({ low: int(1), high: int(4), size: ints(2, n), ...INTEGERS }),
  'normal.float_float': (n) => ({ mean: float(0), std: float(1), size: ints(2, n) }),
  'randperm.default': (n) => ({ n: int(n), ...INTEGERS }),
  'arange.default': (n) => ({ end: int(n) }),
  'arange.start': (n) => ({ start: int(-n), end: int(n) }),
  'arange.start_step': (n) => ({ start: float(0), end: float(1), step: float(1 / n) }),
  'linspace.default': (n) => ({ start: float(0), end: float(1), steps: int(n) }),
  'eye.default': (n) => ({ n: int(n) }),
  'eye.m': (n) => ({ n: int(2), m: int(n) }),
  ...windowsOf('hann', 'hamming', 'blackman', 'bartlett', 'kaiser'),
  'hamming_window.periodic_alpha': (n) => ({
    window_length: int(n),
    periodic: flag(true),
    alpha: float(0.5),
  }),
  'hamming_window.periodic_alpha_beta': (n) => ({
    ...{ window_length: int(n), periodic: flag(true), alpha: float(0.5), beta: float(0.5) },
  }),
  'kaiser_window.beta': (n) => ({ window_length: int(n), periodic: flag(true), beta: float(3) }),
  'affine_grid_generator.default': (n) => ({
    theta: 'x',
    size: ints(1, 1, 2, n),
    align_corners: flag(false),
  }),
  'one_hot.default': (n) => ({ self: 'ids', num_classes: int(n) }),
  'expand.default': (n) => ({ self: 'x', size: ints(n, -1, 3) }),
  'broadcast_to.default': (n) => ({ self: 'x', size: ints(n, 2, 3) }),
  'repeat.default': (n) => ({ self: 'x', repeats: ints(n, 1, 1) }),
  'tile.default': (n) => ({ self: 'x', dims: ints(n) }),
  'repeat_interleave.self_int': (n) => ({ self: 'x', repeats: int(n) }),
  'constant_pad_nd.default': (n) => ({ self: 'x', pad: ints(0, n) }),
  'pad.default': (n) => ({ self: 'x', pad: ints(n, 0), mode: text('replicate') }),
  '_pad_circular.default': (n) => ({ self: 'x', pad: ints(n, 0) }),
  ...padsOf('reflection_pad'),
  ...padsOf('replication_pad'),
  'adaptive_avg_pool1d.default': (n) => ({ self: 'x', output_size: ints(n) }),
  'adaptive_avg_pool2d.default': (n) => ({ self: 'image', output_size: ints(2, n) }),
  '_adaptive_avg_pool2d.default': (n) => ({ self: 'image', output_size: ints(2, n) }),
  'adaptive_avg_pool3d.default': (n) => ({ self: 'volume', output_size: ints(2, 2, n) }),
  '_adaptive_avg_pool3d.default': (n) => ({ self: 'volume', output_size: ints(2, 2, n) }),
  'adaptive_max_pool1d.default': (n) => ({ self: 'x', output_size: ints(n) }),
  'adaptive_max_pool2d.default': (n) => ({ self: 'image', output_size: ints(2, n) }),
  'adaptive_max_pool3d.default': (n) => ({ self: 'volume', output_size: ints(2, 2, n) }),
  ...upsamples('upsample_nearest', ['1d', '2d', '3d'], {}),
  ...upsamples('_upsample_nearest_exact', ['1d', '2d', '3d'], {}),
  ...upsamples('upsample_', ['linear1d', 'bilinear2d', 'trilinear3d'], { align_corners: flag(false) }),
  ...upsamples('upsample_', ['', 'bicubic2d'], { align_corners: flag(false) }),
  'conv1d.default': (n) => ({ input: 'x', weight: 'w1', padding: ints(n) }),
  'conv2d.default': (n) => ({ input: 'image', weight: 'w2', padding: ints(0, n) }),
  'conv3d.default': (n) => ({ input: 'volume', weight: 'w3', padding: ints(0, 0, n), stride: ints(1, 1, n) }),
  'conv_transpose1d.default': (n) => ({ input: 'x', weight: 'w1', stride: ints(n) }),
  'conv_transpose2d.input': (n) => ({ input: 'image', weight: 'w2', stride: ints(1, n) }),
  'conv_transpose3d.input': (n) => ({ input: 'volume', weight: 'w3', stride: ints(1, 1, n) }),
  ...Object.fromEntries(
    ['convolution', '_convolution'].map((name) => [
      `${name}.default`,
      (n: number) => ({
        ...{ input: 'x', weight: 'w1', bias: { as_none: true }, stride: ints(n), padding: ints(0) },
        ...{ dilation: ints(1), transposed: flag(true), output_padding: ints(0), groups: int(1) },
        ...(name === '_convolution' && {
          ...{ benchmark: flag(false), deterministic: flag(false) },
          ...{ cudnn_enabled: flag(false), allow_tf32: flag(false) },
        }),
      }),
    ]),
  ),
  ...poolsOf('max_pool', '', {}),
  ...poolsOf('max_pool', '_with_indices', {}),
  ...poolsOf('avg_pool', '', {}),
  'im2col.default': (n) => ({
    ...{
      self: 'image',
      kernel_size: ints(1, 1),
      dilation: ints(1, 1),
      padding: ints(0, n),
      stride: ints(1, 1),
    },
  }),
  'col2im.default': (n) => ({
    ...{ self: 'x', output_size: ints(3, n), kernel_size: ints(1, 1), dilation: ints(1, 1) },
    ...{ padding: ints(0, 0), stride: ints(1, n) },
  }),
  'diag.default': (n) => ({ self: 'line', diagonal: int(n) }),
  'diag_embed.default': (n) => ({ self: 'x', offset: int(-n) }),
  'diagflat.default': (n) => ({ self: 'x', offset: int(n) }),
  'chunk.default': (n) => ({ self: 'x', chunks: int(n) }),
  'unsafe_chunk.default': (n) => ({ self: 'x', chunks: int(n) }),
  'tensor_split.sections': (n) => ({ self: 'x', sections: int(n) }),
  'multinomial.default': (n) => ({ self: 'line', num_samples: int(n), replacement: flag(true) }),
  'bincount.default': (n) => ({ self: 'ids', minlength: int(n) }),
  'histc.default': (n) => ({ self: 'x', bins: int(n) }),
};

function windowsOf(...names: readonly string[]): typeof ASKS {
  return Object.fromEntries(
    names.flatMap((name): [string, (n: number) => CallSpec['inputs']][] => [
      [`${name}_window.default`, (n) => ({ window_length: int(n) })],
      [`${name}_window.periodic`, (n) => ({ window_length: int(n), periodic: flag(true) })],
    ]),
  );
}

function padsOf(name: string): typeof ASKS {
  return {
    [`${name}1d.default`]: (n) => ({ self: 'x', padding: ints(n, 0) }),
    [`${name}2d.default`]: (n) => ({ self: 'image', padding: ints(0, 0, 0, n) }),
    [`${name}3d.default`]: (n) => ({ self: 'volume', padding: ints(0, 0, 0, 0, 0, n) }),
  };
}

function upsamples(name: string, kinds: readonly string[], rest: CallSpec['inputs']): typeof ASKS {
  return Object.fromEntries(
    kinds.flatMap((kind, i) => {
      const sizes = (n: number) => SPACES.slice(0, i + 1).map((_, axis) => (axis === i ? n : 2));
      const each = kind === '' ? [] : [`${name}${kind}`];
      return each.flatMap((target): [string, (n: number) => CallSpec['inputs']][] => [
        [
          `${target}.default`,
          (n) => ({ self: SPACES[i] as string, output_size: ints(...sizes(n)), ...rest }),
        ],
        [
          `${target}.vec`,
          (n) => ({
            ...{ input: SPACES[i] as string, output_size: { as_none: true }, ...rest },
            scale_factors: floats(...sizes(n)),
          }),
        ],
      ]);
    }),
  );
}

function poolsOf(name: string, rest: string, more: CallSpec['inputs']): typeof ASKS {
  return Object.fromEntries(
    SPACES.map((self, i) => {
      const all = (value: number) => ints(...SPACES.slice(0, i + 1).map((_, at) => (at === i ? value : 1)));
      const none = (value: number) => ints(...SPACES.slice(0, i + 1).map((_, at) => (at === i ? value : 0)));
      return [
        `${name}${i + 1}d${rest}.default`,
        (n: number) => ({ self, kernel_size: all(2 * n), stride: all(1), padding: none(n), ...more }),
      ];
    }),
  );
}

/** Those that make as much as their operands, or values, ask for: no number of theirs is a size. */
export const BY_OPERANDS = [
  ...['repeat_interleave.Tensor', 'repeat_interleave.self_Tensor', 'unfold.default', 'unbind.int'],
  ...['split.Tensor', 'split.sizes', 'unsafe_split.Tensor', 'tensor_split.tensor_indices_or_sections'],
  ...['outer.default', 'ger.default', 'kron.default', 'meshgrid.default', 'meshgrid.indexing'],
  ...['isin.Tensor_Tensor', 'isin.Tensor_Scalar', 'isin.Scalar_Tensor', 'cartesian_prod.default'],
  ...['matmul.default', 'linalg_matmul.default', 'mm.default', 'bmm.default', 'addmm.default'],
  ...['baddbmm.default', 'addr.default', 'inner.default', 'linear.default', 'embedding.default'],
  ...['conv1d.padding', 'conv2d.padding', 'conv3d.padding'],
  ...[
    'index_select.default',
    'cdist.default',
    '_cdist_forward.default',
    'tensordot.default',
    'einsum.default',
  ],
  ...['cross.default', 'linalg_cross.default', 'grid_sampler.default', 'grid_sampler_2d.default'],
];
