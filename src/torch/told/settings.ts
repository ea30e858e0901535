/** Settings of torch's modules that the file of a whole module tells, and shapes do not. */

import type { AttributeValue, ModuleFacts } from '../../state-dict/module-facts.js';
import { NONLINEARITIES, rnnCellOf } from '../cells.js';

/** By torch's names: `eps`, `batch_first`. */
export type Settings = ReadonlyMap<string, AttributeValue>;

/** Classes that say nothing of the parameters that are given to an object of theirs. */
const CLASS = /^torch\.nn\.modules\.(?!module\.|container\.)\w+\.(\w+)$/;

const CONTAINER = /^torch\.nn\.modules\.(?:module|container)\.\w+$/;

/** The name of a class of torch.nn, `GRU`; undefined of any other, of a container and of Module itself. */
export function torchClassOf({ className }: ModuleFacts): string | undefined {
  return CLASS.exec(className)?.[1];
}

export function isContainer({ className }: ModuleFacts): boolean {
  return CONTAINER.test(className);
}

/** The attributes of an object of a class of torch.nn; none of any other. Old versions keep the mode of an RNN alone. */
export function settingsOf(facts: ModuleFacts): Settings {
  const torchClass = torchClassOf(facts);
  if (torchClass === undefined) return new Map();
  const { attributes } = facts;
  if (torchClass !== 'RNN' || attributes.has('nonlinearity')) return attributes;
  const told = NONLINEARITIES.find((name) => rnnCellOf(name) === attributes.get('mode'));
  return told === undefined ? attributes : new Map([...attributes, ['nonlinearity', told]]);
}

/** torch's defaults; of a tuple each number's. */
const DEFAULTS: ReadonlyMap<string, AttributeValue> = new Map<string, AttributeValue>([
  ['batch_first', false],
  ['dropout', 0],
  ['nonlinearity', 'tanh'],
  ['padding_idx', null],
  ['max_norm', null],
  ['eps', 1e-5],
  ['momentum', 0.1],
  ['stride', 1],
  ['padding', 0],
  ['output_padding', 0],
  ['dilation', 1],
  ['padding_mode', 'zeros'],
]);

/** `, eps=0.01, momentum=None`: what differs from torch's defaults, as `repr` has it. */
export function settingsText(settings: Settings = new Map()): string {
  return [...settings]
    .filter(([name, value]) => !isDefault(name, value))
    .map(([name, value]) => `, ${name}=${pythonText(value)}`)
    .join('');
}

function isDefault(name: string, value: AttributeValue): boolean {
  return [value].flat().every((each) => each === DEFAULTS.get(name));
}

/** A value as Python writes it. */
export function pythonText(value: AttributeValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string') return `'${value}'`;
  return `(${value.map(numberText).join(', ')}${value.length === 1 ? ',' : ''})`;
}

/** Python writes exponents of two digits, and from 1e-5 downwards. */
function numberText(value: number): string {
  const isSmall = value !== 0 && Math.abs(value) < 1e-4;
  const text = isSmall ? value.toExponential() : `${value}`;
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
