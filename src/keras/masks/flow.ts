import type { MaskKey, MaskKeys, Merge } from './keys.js';

/** A mask on its way through the graph of a Keras model. */
export interface Flow {
  readonly key: MaskKey;
  /** What makes it: `layer "embed"`. */
  readonly maker: string;
  /** Whether the executor of tfjs hands it on from layer to layer; one from outside a nested model comes with the call alone. */
  readonly isHandedOn: boolean;
  /** Why tfjs does not have it any more, and what to do. */
  readonly lost?: string;
}

/** A mask, or none. */
export type Found = Flow | undefined;

/** Several masks in one. Where tfjs hands on some of them alone, the result is lost. */
export function mergedFlow(keys: MaskKeys, layer: string, merge: Merge, flows: readonly Flow[]): Found {
  const [first] = flows;
  if (first === undefined) return undefined;
  const isHandedOn = flows.every((flow) => flow.isHandedOn);
  const isMixed = !isHandedOn && flows.some((flow) => flow.isHandedOn);
  const mixed = `tfjs does not merge the mask of a nested model's input with others, in ${layer}: mask inside the model`;
  const lost = flows.find((flow) => flow.lost !== undefined)?.lost ?? (isMixed ? mixed : undefined);
  const key = keys.joined(
    merge,
    flows.map((flow) => flow.key),
  );
  return { key, maker: first.maker, isHandedOn, ...(lost !== undefined && { lost }) };
}
