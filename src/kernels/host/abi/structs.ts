/**
 * The structs of c/engine.h by the names of their fields, in the header's order. A spec compares them with the header.
 * Every field is an int32; an index counts floats of the arena, and 0 is none.
 */

import type { Scope } from '../runtime/arena.js';
import type { Engine } from '../runtime/engine.js';

/** What `forward` and `backward` are told of one direction of one layer. */
export const DIRECTION = [
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

/** What `input_gradient` is told. */
export const INPUT_GRADIENT = [
  'dgates',
  'dgates_stride',
  'weight_t',
  'depth',
  'dx',
  'rows',
  'columns',
  'add',
] as const;

/** What `weight_gradient` is told. */
export const WEIGHT_GRADIENT = [
  'dgates',
  'dgates_stride',
  'slot_of_gate',
  'x',
  'dw',
  'rows',
  'gates',
  'units',
  'columns',
  'unit_begin',
  'unit_end',
  'add',
  'scratch',
] as const;

/** The state of a team: jobs that share the units of one direction. */
export const TEAM = [
  'size',
  'looks',
  'join_looks',
  'joined',
  'start',
  'arrived',
  'waiting',
  'waited_looks',
  'slept',
] as const;

/** The queue of a round of jobs; the jobs lie behind it. */
export const QUEUE = ['round', 'ticket', 'done', 'lost', 'looks', 'sleeping', 'by_message'] as const;

/** One job of a queue. */
export const QUEUED_JOB = ['job', 'at'] as const;

/** A value for each field of a struct. */
export type Fields<S extends readonly string[]> = Record<S[number], number>;

/** Every field 0. */
export function noFields<S extends readonly string[]>(struct: S): Fields<S> {
  return Object.fromEntries(struct.map((name) => [name, 0])) as Fields<S>;
}

/** Writes a struct where it lies in the arena. */
export function writeStruct<S extends readonly string[]>(
  { ints }: Pick<Engine, 'ints'>,
  at: number,
  struct: S,
  fields: Readonly<Fields<S>>,
): void {
  const to = ints(at, struct.length);
  for (let i = 0; i < struct.length; i++) to[i] = fields[struct[i] as S[number]];
}

/** Allocates a struct and writes it. @returns where it lies. @throws NoRoomError when the arena is full. */
export function placeStruct<S extends readonly string[]>(
  engine: Pick<Engine, 'ints'>,
  scope: Scope,
  struct: S,
  fields: Readonly<Fields<S>>,
): number {
  const at = scope.allocate(struct.length);
  writeStruct(engine, at, struct, fields);
  return at;
}
