/** The arguments that every recurrent layer takes, and their checks. */

import { checkBoolean, checkInteger, message, show } from '../../check.js';
import { CELLS, type Cell, stackParameters } from '../../torch/cells.js';
import { type Filled, type ModuleArgs, type Open, parseModuleArgs } from '../args/module-args.js';
import { checkArgNames, layerArgNames } from '../args/names.js';
import { checkElements, checkWeightCount } from '../args/sizes.js';

/** Arguments of a recurrent layer. */
export interface RecurrentArgs extends ModuleArgs {
  /** L, stacked layers, >= 1. @default 1 */
  readonly numLayers?: number | undefined;
  /** Input and output are `[B, T, *]` rather than `[T, B, *]`. torch's default is false. @default true */
  readonly batchFirst?: boolean | undefined;
  /** Probability in [0, 1] of zeroing an element in the output of every layer but the last, in training. @default 0 */
  readonly dropout?: number | undefined;
  /** Adds a reverse direction: D = 2. @default false */
  readonly bidirectional?: boolean | undefined;
  /**
   * `apply` returns every step. With false it returns the last layer's final hidden state of all directions, `[B, D*H]` or
   * `[B, D*P]`. @default true
   */
  readonly returnSequences?: boolean | undefined;
  /**
   * `apply` returns `[output, hn]`, LSTM `[output, hn, cn]`, the states batch-leading: `[B, L*D, H]`, `hn` of a projection
   * `[B, L*D, P]`. @default false
   */
  readonly returnState?: boolean | undefined;
  /** In `apply` each row starts from its final state of the call before. @default false */
  readonly stateful?: boolean | undefined;
}

/** With P, which is 0 in every layer but an LSTM with a projection. */
export type RecurrentOptions = Filled<RecurrentArgs & { readonly projSize: number }, Open>;

/**
 * Checks the arguments of a recurrent layer and fills in the defaults.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseRecurrentArgs(cell: Cell, args: RecurrentArgs): RecurrentOptions {
  const where = CELLS[cell].className;
  checkArgNames(where, args, layerArgNames(cell));
  const {
    numLayers = 1,
    batchFirst = true,
    dropout = 0,
    bidirectional = false,
    returnSequences = true,
    returnState = false,
    stateful = false,
  } = args;
  const { projSize = 0 } = args as { readonly projSize?: number };
  const module = parseModuleArgs(where, args, 1);
  checkProjSize(where, projSize, module.hiddenSize);
  checkInteger(where, 'numLayers', numLayers, 1, 'num_layers must be greater than zero');
  const flags = { batchFirst, bidirectional, returnSequences, returnState, stateful };
  for (const [name, value] of Object.entries(flags)) checkBoolean(where, name, value);
  checkDropout(where, dropout, numLayers);
  if (stateful && bidirectional) {
    const remedy =
      'The reverse direction needs the end of the sequence before its start, so it cannot be carried on';
    throw new RangeError(message(where, 'stateful', 'false with bidirectional: true', 'true', remedy));
  }
  const options = { ...module, numLayers, dropout, projSize, ...flags };
  checkSizes(where, cell, options);
  return options;
}

function checkSizes(where: string, cell: Cell, options: RecurrentOptions): void {
  // Above the second layer all have its shapes.
  const lower = { ...options, numLayers: Math.min(options.numLayers, 2) };
  const shapes = stackParameters(CELLS[cell].gates, options.inputSize ?? 1, lower);
  checkElements(where, options, shapes);
  checkWeightCount(where, options.numLayers, shapes.size / lower.numLayers);
}

function checkProjSize(where: string, projSize: number, hiddenSize: number): void {
  const note = 'proj_size should be a positive integer or zero to disable projections';
  checkInteger(where, 'projSize', projSize, 0, note);
  if (projSize < hiddenSize) return;
  const remedy = 'proj_size has to be smaller than hidden_size';
  throw new RangeError(
    message(where, 'projSize', `an integer below hiddenSize ${hiddenSize}`, show(projSize), remedy),
  );
}

function checkDropout(where: string, dropout: unknown, numLayers: number): asserts dropout is number {
  const rule = 'a number in range [0, 1] representing the probability of an element being zeroed';
  if (typeof dropout !== 'number') throw new TypeError(message(where, 'dropout', rule, show(dropout)));
  if (!(dropout >= 0 && dropout <= 1)) throw new RangeError(message(where, 'dropout', rule, show(dropout)));
  if (dropout === 0 || numLayers > 1) return;
  console.warn(
    `${where}: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects ` +
      `numLayers greater than 1, but got dropout=${dropout} and numLayers=${numLayers}`,
  );
}
