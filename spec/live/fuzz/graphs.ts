/** Pickles of containers that hold each other in any way: shared, nested, in cycles. */

import { bytesOfParts, type Part, text } from '../../state-dict/formats/pickle/support.js';
import { ints, NO_HOOKS, pickled, storagePart, tensorPart } from '../../state-dict/formats/torch/support.js';
import type { Random } from '../../support/random.js';

const MOST_CONTAINERS = 40;
const KEYS = ['w', 'model', 'state_dict', 'optimizer', 'state', 'param_groups', '__proto__', 'a.b', '', '0'];

/**
 * Containers that the memo keeps, a few tensors of the storage "0" with four floats, and then items and entries put into
 * containers at random. The first container, a dict, is the root.
 */
export function randomGraph(random: Random): Uint8Array {
  const kinds = ['}', '}', '}', ']', NO_HOOKS] as const;
  const containers = [
    '}',
    ...Array.from({ length: random.integer(1, MOST_CONTAINERS) }, () => random.pick(kinds)),
  ];
  const tensors = random.integer(1, 4);
  const parts: Part[] = containers.map((kind, i) => bytesOfParts(kind, put(i), '0'));
  for (let i = 0; i < tensors; i++) {
    const storage = storagePart('FloatStorage', '0', 4);
    parts.push(
      bytesOfParts(
        tensorPart(storage, i, ints(2), ints(random.integer(0, 2))),
        put(containers.length + i),
        '0',
      ),
    );
  }
  // With links mostly between containers, the number of paths grows exponentially.
  const links = containers.length * random.pick([1, 4, 12]);
  const toTensors = random.pick([0.02, 0.2]);
  for (let i = 0; i < links; i++) {
    // Early containers get more links, so that most of the graph is reachable.
    const from = random.integer(0, Math.min(i, containers.length - 1));
    const to = random.chance(toTensors)
      ? containers.length + random.integer(0, tensors - 1)
      : random.integer(0, containers.length - 1);
    const key = random.chance(0.7) ? random.pick(KEYS) : `k${i}`;
    const item =
      containers[from] === ']' ? bytesOfParts(get(to), 'a') : bytesOfParts(text(key), get(to), 's');
    parts.push(bytesOfParts(get(from), item, '0'));
  }
  return pickled(...parts, get(0));
}

function put(index: number): Part {
  return bytesOfParts('q', Uint8Array.of(index));
}

function get(index: number): Part {
  return bytesOfParts('h', Uint8Array.of(index));
}
