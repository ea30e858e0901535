/** Which input of a kernel is which. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { DirectionTensors } from './plan.js';

interface Places {
  readonly states: readonly number[];
  /** -1 where there is none. */
  readonly lengths: number;
  readonly directions: readonly Readonly<Record<keyof DirectionTensors, number>>[];
}

/** By the list of names, of which there is one for each kind of call. */
const known = new WeakMap<readonly string[], Places>();

function placesOf(names: readonly string[]): Places {
  const at = new Map(names.map((name, i) => [name, i]));
  const place = (name: string) => at.get(name) ?? -1;
  const directions: Places['directions'][number][] = [];
  for (let k = 0; at.has(`weight_ih ${k}`); k++)
    directions.push({
      weight_ih: place(`weight_ih ${k}`),
      weight_hh: place(`weight_hh ${k}`),
      bias_ih: place(`bias_ih ${k}`),
      bias_hh: place(`bias_hh ${k}`),
      weight_hr: place(`weight_hr ${k}`),
    });
  const states = names.flatMap((name, i) => (name.startsWith('state') ? [i] : []));
  return { states, lengths: place('lengths'), directions };
}

export interface CallInputs {
  readonly x: TensorInfo;
  readonly states: readonly TensorInfo[];
  readonly lengths: TensorInfo | undefined;
  readonly directions: readonly DirectionTensors[];
}

/** The tensors of a call by what they are; see `listInputs` in the contract. */
export function sortInputs(names: readonly string[], tensors: readonly TensorInfo[]): CallInputs {
  const places = known.get(names) ?? placesOf(names);
  known.set(names, places);
  const directions = places.directions.map(
    (place): DirectionTensors => ({
      weight_ih: tensors[place.weight_ih] as TensorInfo,
      weight_hh: tensors[place.weight_hh] as TensorInfo,
      bias_ih: tensors[place.bias_ih],
      bias_hh: tensors[place.bias_hh],
      weight_hr: tensors[place.weight_hr],
    }),
  );
  return {
    x: tensors[0] as TensorInfo,
    states: places.states.map((i) => tensors[i] as TensorInfo),
    lengths: tensors[places.lengths],
    directions,
  };
}
