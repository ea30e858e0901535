/** What the rows of a weight say about the torch class that it belongs to. */

import { showShape } from '../check.js';
import { classOfGates } from './cells.js';

/**
 * A sentence about a weight that cannot belong to a class with G gates; undefined where it can.
 * @param name `weight_hh_l0` of a layer, `weight_hh` of a cell.
 */
export function gatesNote(hh: readonly number[], gates: number, name = 'weight_hh_l0'): string | undefined {
  const [rows, columns] = hh;
  if (rows === undefined || columns === undefined || rows === gates * columns) return undefined;
  // It is transposed, which the line about its shape says.
  if (columns === gates * rows) return undefined;
  const kind = name.includes('_l') ? '' : 'Cell';
  const own = `torch.nn.${classOfGates(gates)}${kind}`;
  const blocks = rows / columns;
  const other = classOfGates(blocks);
  if (other !== undefined)
    return `${name} ${showShape(hh)} has ${blocks} ${blocks === 1 ? 'block' : 'blocks'} of rows, as torch.nn.${other}${kind} has; ${own} has ${gates}.`;
  if (rows % gates === 0) return undefined;
  return `${name} has ${rows} rows, not a multiple of ${gates}, the gates of ${own}.`;
}
