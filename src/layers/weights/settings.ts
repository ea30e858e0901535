import type { LayerSetting } from '../../matching/torch-module.js';
import type { Nonlinearity } from '../../torch/cells.js';

/** The arguments of a recurrent layer or cell that its numbers depend on and its weights do not tell. */
export function settingsOf(layer: object): LayerSetting[] {
  const { nonlinearity: value } = layer as { readonly nonlinearity?: Nonlinearity };
  return value === undefined ? [] : [{ argument: 'nonlinearity', torchName: 'nonlinearity', value }];
}
