/** Recognises recurrent layers and cells, by the names of their weights and the blocks of rows in them. */

import { showShape } from '../check.js';
import { Faults, shapeFits } from '../matching/faults.js';
import { joinPath } from '../state-dict/keys.js';
import { CELLS, cellParameters, classOfGates, stackParameters } from './cells.js';
import { type ModuleShapes, readCellArgs, readLayerArgs } from './layer-args.js';
import type { NamedShapes, RecognisedModule } from './modules.js';

/** A parameter of a recurrent layer or cell. */
const RECURRENT_NAME = /^(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(_l\d+(_reverse)?)?$/;

/**
 * The recurrent layer or cell with these parameters; undefined where no name is one of theirs, and of the kind
 * `unknown` where the names are theirs but the shapes are not.
 */
export function recogniseRecurrent(path: string, shapes: NamedShapes): RecognisedModule | undefined {
  if (![...shapes.keys()].some((name) => RECURRENT_NAME.test(name))) return undefined;
  const isCell = shapes.has('weight_hh');
  const gates = gatesOf(shapes, isCell ? '' : '_l0');
  const torchName = gates === undefined ? undefined : classOfGates(gates);
  if (gates === undefined)
    return {
      kind: 'unknown',
      path,
      shapes,
      doubts: ['it is like a recurrent module, but weight_hh is missing or no matrix'],
    };
  if (torchName === undefined) {
    const reason = 'weight_hh has no 1, 3 or 4 blocks of rows, as those of RNN, GRU and LSTM have';
    return { kind: 'unknown', path, shapes, doubts: [reason] };
  }
  const doubts = torchName === 'RNN' ? ["whether nonlinearity is 'tanh' or 'relu'"] : [];
  const faults = new Faults();
  const file = moduleShapes(path, shapes);
  if (isCell) {
    const args = readCellArgs(file, gates, faults);
    const fault = faultOf(
      faults,
      shapes,
      args && cellParameters(gates, args.inputSize, { ...args, projSize: 0 }),
    );
    if (args === undefined || fault !== undefined) return unfit(path, shapes, `${torchName}Cell`, fault);
    return { kind: 'cell', path, shapes, torchName: `${torchName}Cell`, args, doubts };
  }
  const args = readLayerArgs(file, gates, faults);
  const expected = args && stackParameters(gates, args.inputSize, { projSize: 0, ...args });
  const fault = faultOf(faults, shapes, expected);
  if (args === undefined || fault !== undefined) return unfit(path, shapes, torchName, fault);
  return { kind: 'recurrent', path, shapes, torchName, args, doubts: ['batch_first and dropout', ...doubts] };
}

/** G, the blocks of H rows. With a projection weight_hh has P columns, which say nothing of H. */
function gatesOf(shapes: NamedShapes, suffix: string): number | undefined {
  const [rows, columns] = shapes.get(`weight_hh${suffix}`) ?? [];
  if (rows === undefined || columns === undefined) return undefined;
  return shapes.has(`weight_hr${suffix}`) ? CELLS.LSTM.gates : rows / columns;
}

function moduleShapes(path: string, shapes: NamedShapes): ModuleShapes {
  return {
    names: [...shapes.keys()],
    key: (name) => joinPath(path, name),
    shape: (name) => shapes.get(name),
    modulesWith: () => [],
  };
}

/** The first thing that differs from the parameters of the class. */
function faultOf(faults: Faults, found: NamedShapes, expected: NamedShapes | undefined): string | undefined {
  if (expected === undefined) return faults.allHints()[0] ?? 'a weight is missing or no matrix';
  for (const [name, shape] of expected) {
    const own = found.get(name);
    if (own === undefined) return `${name} ${showShape(shape)} is missing`;
    if (!shapeFits(own, shape)) return `${name} is ${showShape(own)}, not ${showShape(shape)}`;
  }
  const other = [...found.keys()].find((name) => !expected.has(name));
  return other === undefined ? undefined : `${other} is none of its parameters`;
}

function unfit(path: string, shapes: NamedShapes, torchName: string, fault = ''): RecognisedModule {
  return { kind: 'unknown', path, shapes, doubts: [`it is like a ${torchName}, but ${fault}`] };
}
