import { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { maskOrigin } from './graph.js';
import { firstMask, type Mask, maskFits } from './mask.js';

/** Decides in each call whether the mask that tfjs passes to a layer is the layer's own; graph.ts says why it must. */
export class OwnMask {
  private isInSymbolicApply = false;
  private isNested = false;
  /** Whether the last call used a mask because the graph allows it; `confirm` then checks it. */
  private trustedGraph = false;

  constructor(private readonly layer: layers.Layer) {}

  /** Runs the layer's own symbolic call. */
  whileSymbolic<T>(body: () => T): T {
    this.isInSymbolicApply = true;
    try {
      return body();
    } finally {
      this.isInSymbolicApply = false;
    }
  }

  /** Called by each `computeOutputShape`: outside a symbolic call, a model asks when it is applied inside another one. */
  markNested(): void {
    if (!this.isInSymbolicApply) this.isNested = true;
  }

  /** Whether the executor of a model calls the layer: it always passes a list of inputs. */
  isByExecutor(inputs: Tensor | Tensor[]): inputs is Tensor[] {
    return Array.isArray(inputs) && this.layer.inboundNodes.length > 0;
  }

  /** The mask of an eager call, if it belongs to the layer. */
  choose(where: string, inputs: Tensor | Tensor[], mask: Mask | Mask[]): Mask {
    this.trustedGraph = false;
    const given = firstMask(mask);
    if (given != null && !(given instanceof Tensor))
      throw new TypeError(message(where, 'mask', 'a tensor [B, T]', show(given)));
    if (!given || !this.isByExecutor(inputs)) return given;
    if (!maskFits(given, inputs[0] as Tensor)) return undefined;
    const origin = maskOrigin(this.layer, inputs, this.isNested);
    this.trustedGraph = origin === 'graph';
    return origin === 'none' ? undefined : given;
  }

  /**
   * The first of the masks that `computeMask` gets. The executor calls it right after a call, with a list that holds the
   * true mask of each input.
   * @throws UnsupportedError when the call used a mask that was not the layer's.
   */
  confirm(where: string, masks: Mask | Mask[]): Mask {
    const given = firstMask(masks);
    if (Array.isArray(masks) && this.trustedGraph && !given) {
      this.trustedGraph = false;
      throw this.ambiguous(where);
    }
    return given;
  }

  private ambiguous(where: string): UnsupportedError {
    const rule = `every call of layer ${JSON.stringify(this.layer.name)} to be masked, or none`;
    const remedy =
      'tfjs does not tell them apart: mask both (tf.layers.masking), or use two layers with the same weights';
    return new UnsupportedError(message(where, 'mask', rule, 'both kinds', remedy));
  }
}
