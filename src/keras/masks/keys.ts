/** Numbers for the masks of a model. */

import { MAX_VALUES, tooLarge } from '../json.js';
import type { Ref } from '../topology/nodes.js';

/** The same for masks of the same values, as far as the file tells. */
export type MaskKey = number;

/** How masks are merged: a step is present where all of them have it, or where one does. */
export type Merge = '&' | '|';

/** What becomes of several masks: they are merged, `,` put side by side, or `;` put behind each other. */
export type Joint = Merge | ',' | ';';

/**
 * Numbers masks by what they are made of. A mask that is made of others is known by their numbers: their text would double with each
 * mask that is made of two equal ones.
 */
export class MaskKeys {
  private readonly keys = new Map<string, MaskKey>();
  private readonly joints = new Map<MaskKey, { readonly joint: Joint; readonly parts: readonly MaskKey[] }>();
  private parts = 0;

  /** The steps of an output where it is not a value. */
  source(scope: string, value: unknown, ref: Ref | undefined): MaskKey {
    return this.numbered(`${scope}: not ${value} in ${ref}`);
  }

  /**
   * Several masks in one. Only behind each other their order counts, and how often each one stands there.
   * @throws FormatError for a model whose masks are made of more parts than a model has values.
   */
  joined(joint: Joint, keys: readonly MaskKey[]): MaskKey {
    const all = joint === ';' ? keys : sortedSet(keys.flatMap((key) => this.partsOf(joint, key)));
    if (all.length === 1) return all[0] as MaskKey;
    this.parts += all.length;
    if (this.parts > MAX_VALUES) throw tooLarge('masks', `${MAX_VALUES} masks in others at most`, 'more');
    const key = this.numbered(`${joint}${all}`);
    this.joints.set(key, { joint, parts: all });
    return key;
  }

  /** What a mask is once those side by side in it are merged. */
  merged(merge: Merge, key: MaskKey): MaskKey {
    return this.joined(merge, this.partsOf(',', key));
  }

  private partsOf(joint: Joint, key: MaskKey): readonly MaskKey[] {
    const found = this.joints.get(key);
    return found?.joint === joint ? found.parts : [key];
  }

  private numbered(text: string): MaskKey {
    const known = this.keys.get(text);
    if (known !== undefined) return known;
    this.keys.set(text, this.keys.size);
    return this.keys.size - 1;
  }
}

function sortedSet(keys: readonly MaskKey[]): MaskKey[] {
  return [...new Set(keys)].sort((a, b) => a - b);
}
