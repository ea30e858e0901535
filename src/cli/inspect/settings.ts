/** Arguments for what the file of a whole module tells and shapes do not. Those with this package's defaults are left out. */

import type { AttributeValue } from '../../state-dict/module-facts.js';
import type { CellModule, RecurrentModule } from '../../torch/modules.js';
import type { Settings } from '../../torch/told/settings.js';
import type { Argument } from './syntax.js';

/** Without batch_first, which depends on who feeds the layer. One layer has none behind it for dropout. */
export function recurrentSettings({ torchName, args, settings }: RecurrentModule | CellModule): Argument[] {
  const own: Argument[] = [];
  const dropout = settings?.get('dropout');
  const isStacked = 'numLayers' in args && args.numLayers > 1;
  if (typeof dropout === 'number' && dropout > 0 && isStacked) own.push(['dropout', dropout]);
  if (torchName.startsWith('RNN'))
    own.push(['nonlinearity', settings?.get('nonlinearity') === 'relu' ? "'relu'" : "'tanh'"]);
  return own;
}

export function normSettings(settings: Settings = new Map()): Argument[] {
  const [eps, momentum] = [settings.get('eps'), settings.get('momentum')];
  return [
    ...(typeof eps === 'number' && eps !== 1e-5 ? [['eps', eps] as const] : []),
    ...(typeof momentum === 'number' && momentum !== 0.1 ? [['momentum', momentum] as const] : []),
  ];
}

/** Names of torch's, and here. */
const OF_CONV = {
  stride: 'stride',
  padding: 'padding',
  output_padding: 'outputPadding',
  dilation: 'dilation',
};

/** Layers here pad with zeros alone: what is padded otherwise is padded before the layer. */
export function convSettings(settings: Settings = new Map()): Argument[] {
  const padsOtherwise = (settings.get('padding_mode') ?? 'zeros') !== 'zeros';
  return Object.entries(OF_CONV).flatMap(([name, argument]) => {
    const value = settings.get(name);
    const neutral = name === 'stride' || name === 'dilation' ? 1 : 0;
    if (value === undefined || value === 'valid' || (name === 'padding' && padsOtherwise)) return [];
    if (Array.isArray(value) && value.every((n) => n === neutral)) return [];
    return [[argument, textOf(value)] as const];
  });
}

function textOf(value: AttributeValue): string {
  if (!Array.isArray(value)) return `'${value}'`;
  return value.length === 1 ? `${value[0]}` : `[${value.join(', ')}]`;
}
