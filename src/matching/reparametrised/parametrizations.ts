/** The names of `torch.nn.utils.parametrize`: `fc.parametrizations.weight.original`, `fc.parametrizations.weight.0._u`. */

import { joinPath } from '../../state-dict/keys.js';
import type { Scheme } from './scheme.js';
import { spectralNorm } from './spectral-norm.js';
import { weightNorm } from './weight-norm.js';

const FOLDER = 'parametrizations.';

/** A step from parts to a weight. `parts` are names behind `parametrizations.X.`; '' is the result of the step before. */
export interface Stage {
  readonly scheme: Scheme;
  readonly parts: readonly string[];
}

/** The weight that a key belongs to, and the name behind `parametrizations.X.`; undefined of other keys. */
export function splitKey(key: string): { readonly weight: string; readonly rest: string } | undefined {
  const start = key.startsWith(FOLDER) ? 0 : key.indexOf(`.${FOLDER}`) + 1;
  if (start === 0 && !key.startsWith(FOLDER)) return undefined;
  const name = start + FOLDER.length;
  const end = key.indexOf('.', name);
  if (end === -1 || end === name || end === key.length - 1) return undefined;
  const owner = key.slice(0, Math.max(0, start - 1));
  return { weight: joinPath(owner, key.slice(name, end)), rest: key.slice(end + 1) };
}

/**
 * The steps from what the file has to the weight; undefined where one is unknown. A parametrization without tensors of its own
 * leaves no name, but a gap in the numbers of those that follow it.
 */
export function stagesOf(names: ReadonlySet<string>): readonly Stage[] | undefined {
  const rest = new Set(names);
  const take = (...parts: string[]): boolean => {
    const isThere = parts.every((part) => rest.has(part));
    if (isThere) for (const part of parts) rest.delete(part);
    return isThere;
  };
  const stages: Stage[] = [];
  let first = '';
  if (take('original0', 'original1')) stages.push({ scheme: weightNorm, parts: ['original0', 'original1'] });
  else if (take('original')) first = 'original';
  else return undefined;
  for (let i = stages.length; rest.size > 0; i++) {
    const [u, v] = [`${i}._u`, `${i}._v`];
    if (!take(u, v)) return undefined;
    stages.push({ scheme: spectralNorm, parts: [stages.length === 0 ? first : '', u, v] });
  }
  return stages.length === 0 ? undefined : stages;
}
