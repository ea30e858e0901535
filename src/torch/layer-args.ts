/** What a state_dict says about the arguments of the layer or cell it was saved from. */

import { type Faults, isOtherKind, prefixHint, shapeFits } from '../matching/faults.js';
import { CELLS } from './cells.js';
import { gatesNote } from './gates-note.js';

/** Names and shapes of the entries of one module. */
export interface ModuleShapes {
  readonly names: readonly string[];
  /** The key in the file, present or not. */
  key(name: string): string;
  shape(name: string): readonly number[] | undefined;
  /** Paths of the modules of the file that hold all these names, the nearest first. */
  modulesWith(
    names: readonly string[],
  ): { readonly path: string; shape(name: string): readonly number[] | undefined }[];
}

/** The arguments of a cell that its file determines. */
export interface FileArgs {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
}

/** The arguments of a layer that its file determines. */
export interface LayerFileArgs extends FileArgs {
  readonly numLayers: number;
  readonly bidirectional: boolean;
  /** P of an LSTM, 0 without a projection; absent for other classes. */
  readonly projSize?: number;
}

const PARAMETER = /^(?:weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_l(\d+)(_reverse)?$/;

/** Whether the shape is a matrix with at least one row and column. */
function isMatrix(shape: readonly number[] | undefined): shape is readonly [number, number] {
  return shape !== undefined && shapeFits(shape, [null, null]);
}

/** What the keys and shapes say of a layer; undefined, with the faults noted, where they do not describe one. */
export function readLayerArgs(file: ModuleShapes, gates: number, faults: Faults): LayerFileArgs | undefined {
  const parameters = file.names.flatMap((name) => {
    const [, layer, reverse] = PARAMETER.exec(name) ?? [];
    return layer === undefined ? [] : [{ name, layer: Number(layer), isReverse: reverse !== undefined }];
  });
  const weights = { ih: file.shape('weight_ih_l0'), hh: file.shape('weight_hh_l0') };
  const numLayers = countLayers(file, new Set(parameters.map(({ layer }) => layer)), faults);
  if (!isMatrix(weights.ih) || !isMatrix(weights.hh) || numLayers === undefined) {
    for (const name of file.names) if (!PARAMETER.test(name)) faults.unexpected.push(file.key(name));
    noteFirst(file, { weight_ih_l0: weights.ih, weight_hh_l0: weights.hh }, gates, faults);
    return undefined;
  }
  // In other classes, which have no projection, the key is an unexpected one.
  const canProject = gates === CELLS.LSTM.gates;
  const projection = canProject ? file.shape('weight_hr_l0') : undefined;
  if (projection !== undefined && !isProjection(projection, weights.ih[0] / gates)) {
    faults.mismatch(file.key('weight_hr_l0'), projection, [null, Math.ceil(weights.ih[0] / gates)]);
    return undefined;
  }
  const note = parameters.some(({ name }) => name.startsWith('weight_hr_'))
    ? undefined
    : gatesNote(weights.hh, gates);
  if (note !== undefined) faults.hint(note);
  return {
    ...readSizes(weights.ih, weights.hh, gates, projection !== undefined),
    numLayers,
    bias: parameters.some(({ name }) => name.startsWith('bias_')),
    bidirectional: parameters.some(({ isReverse }) => isReverse),
    ...(canProject ? { projSize: projection?.[0] ?? 0 } : {}),
  };
}

/** `[P, H]` with P < H. */
function isProjection(shape: readonly number[], hiddenSize: number): boolean {
  return isMatrix(shape) && shape[0] < hiddenSize && shape[1] === hiddenSize;
}

/** L, when the layers are numbered 0 to L-1 without a gap. */
function countLayers(file: ModuleShapes, found: ReadonlySet<number>, faults: Faults): number | undefined {
  const sorted = [...found].sort((a, b) => a - b);
  const gap = sorted.findIndex((layer, i) => layer !== i);
  if (gap === -1) return sorted.length;
  if (gap > 0)
    for (const kind of ['weight_ih', 'weight_hh']) faults.missing.push(file.key(`${kind}_l${gap}`));
  const list = sorted.slice(0, 8).join(', ');
  faults.hint(`There are parameters of layer ${list}, but none of layer ${gap}.`);
  return undefined;
}

/** Faults of the two weights without which nothing can be read. */
function noteFirst(
  file: ModuleShapes,
  weights: Readonly<Record<string, readonly number[] | undefined>>,
  gates: number,
  faults: Faults,
): void {
  for (const [name, shape] of Object.entries(weights)) {
    if (shape === undefined) faults.missing.push(file.key(name));
    else if (!isMatrix(shape)) faults.mismatch(file.key(name), shape, [null, null]);
  }
  const names = Object.keys(weights);
  const isElsewhere = Object.values(weights).every((shape) => shape === undefined);
  // Where the path has the other kind, the path is right and the class is not.
  const isOther = isOtherKind(names, (name) => file.shape(name) !== undefined);
  const elsewhere = isElsewhere && !isOther ? file.modulesWith(names) : [];
  if (elsewhere.length === 0) return;
  const own = elsewhere.filter(({ shape }) => isOfClass(shape, names, gates));
  const paths = (own.length > 0 ? own : elsewhere).map(({ path }) => path);
  faults.hint(prefixHint(paths), [...faults.missing, ...faults.unexpected]);
  faults.belongsElsewhere(paths);
}

/** Whether weight_hh has the rows of a class with G gates; of a projected LSTM they are 4 for each column of weight_hr. */
function isOfClass(
  shape: (name: string) => readonly number[] | undefined,
  [, hh = '']: readonly string[],
  gates: number,
): boolean {
  const [rows, columns] = shape(hh) ?? [];
  const projection = gates === CELLS.LSTM.gates ? shape(hh.replace('hh', 'hr')) : undefined;
  return rows === gates * (projection?.[1] ?? columns ?? 0);
}

/** H and I from the first layer's weights, also of transposed ones, so that the fault can say so. */
function readSizes(
  ih: readonly [number, number],
  [rows, columns]: readonly [number, number],
  gates: number,
  isProjected: boolean,
): { readonly inputSize: number; readonly hiddenSize: number } {
  // The columns of weight_hh are then P, which says nothing of H.
  if (isProjected) return { inputSize: ih[1], hiddenSize: ih[0] / gates };
  const isTransposed = gates > 1 && columns === gates * rows;
  const hiddenSize = isTransposed ? rows : columns;
  const isInputTransposed = ih[0] !== gates * hiddenSize && ih[1] === gates * hiddenSize;
  return { inputSize: isInputTransposed ? ih[0] : ih[1], hiddenSize };
}

/** What the keys and shapes say of a cell, whose keys have no layer number; undefined as for a layer. */
export function readCellArgs(file: ModuleShapes, gates: number, faults: Faults): FileArgs | undefined {
  const weights = { weight_ih: file.shape('weight_ih'), weight_hh: file.shape('weight_hh') };
  const { weight_ih, weight_hh } = weights;
  if (!isMatrix(weight_ih) || !isMatrix(weight_hh)) {
    for (const name of file.names) if (!Object.hasOwn(weights, name)) faults.unexpected.push(file.key(name));
    noteFirst(file, weights, gates, faults);
    return undefined;
  }
  const note = gatesNote(weight_hh, gates, 'weight_hh');
  if (note !== undefined) faults.hint(note);
  const bias = file.names.some((name) => name.startsWith('bias_'));
  return { ...readSizes(weight_ih, weight_hh, gates, false), bias };
}
