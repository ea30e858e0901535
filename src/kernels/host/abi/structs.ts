/** `struct direction` of engine/engine.h: what forward and backward are told. */

import type { Engine } from './engine.js';

/** The fields of `struct direction` in engine/engine.h, in its order. */
export const DIRECTION_FIELDS = [
  'cell',
  'steps',
  'batch',
  'rows',
  'input_size',
  'hidden_size',
  'proj_size',
  'reverse',
  'counts',
  'order',
  'x',
  'x_stride',
  'y',
  'y_stride',
  'h0',
  'c0',
  'hn',
  'cn',
  'weight_ih',
  'weight_hh',
  'weight_hr',
  'bias_ih',
  'bias_hh',
  'reserve',
  'scratch',
  'chunk_rows',
  'gx',
  'unit_begin',
  'unit_end',
  'team',
  'dy',
  'dy_stride',
  'dhn',
  'dcn',
  'dh0',
  'dc0',
  'weight_hh_t',
  'weight_hr_t',
  'dgates',
  'h_before',
  'dh_sum',
  'unprojected',
] as const;

export type DirectionFields = Record<(typeof DIRECTION_FIELDS)[number], number>;

/** In floats of the arena. */
export const DIRECTION_SIZE = DIRECTION_FIELDS.length;

/** Of `struct team`, whose first field is its size. */
export const TEAM_SIZE = 6;

const ZEROS = Object.fromEntries(DIRECTION_FIELDS.map((name) => [name, 0])) as DirectionFields;

/** Every field 0. */
export function noFields(): DirectionFields {
  return { ...ZEROS };
}

export function writeDirection(engine: Engine, at: number, fields: DirectionFields): void {
  const ints = engine.ints(at, DIRECTION_SIZE);
  for (let i = 0; i < DIRECTION_SIZE; i++) ints[i] = fields[DIRECTION_FIELDS[i] as keyof DirectionFields];
}
