/** The orders in which another program may have written the rows of a recurrent weight, gate by gate. */

/** Gates in torch's order; none of an RNN. */
export function gatesOf(torchName: string): string {
  if (torchName.startsWith('GRU')) return 'rzn';
  return torchName.startsWith('LSTM') ? 'ifgo' : '';
}

export interface GateOrder {
  /** "in the order z|r|n, where torch has r|z|n" */
  readonly text: string;
  /** Values of a weight or bias that lie in this order, in torch's. */
  toTorch<Values extends Float32Array | Float64Array>(values: Values): Values;
}

/** All orders but torch's own. */
export function otherOrders(gates: string): GateOrder[] {
  return permutations(gates)
    .slice(1)
    .map((order) => {
      const blocks = [...gates].map((gate) => order.indexOf(gate));
      const show = (letters: string) => [...letters].join('|');
      return {
        text: `in the order ${show(order)}, where torch has ${show(gates)}`,
        toTorch(values) {
          const size = values.length / gates.length;
          const moved = values.slice() as typeof values;
          for (const [to, from] of blocks.entries())
            moved.set(values.subarray(from * size, (from + 1) * size), to * size);
          return moved;
        },
      };
    });
}

/** Its own order comes first. */
function permutations(letters: string): string[] {
  return letters.length < 2
    ? [letters]
    : [...letters].flatMap((letter) =>
        permutations(letters.replace(letter, '')).map((order) => letter + order),
      );
}
