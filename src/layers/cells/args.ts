/** The arguments that every recurrent cell takes, and their checks. */

import { CELLS, type Cell } from '../../torch/cells.js';
import { type ModuleArgs, type ModuleOptions, parseModuleArgs } from '../args/module-args.js';
import { cellArgNames, checkArgNames } from '../args/names.js';

/**
 * Checks the arguments of a cell and fills in the defaults.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseCellArgs(cell: Cell, args: ModuleArgs): ModuleOptions {
  const where = `${CELLS[cell].className}Cell`;
  checkArgNames(where, args, cellArgNames(cell));
  return parseModuleArgs(where, args, 0);
}
