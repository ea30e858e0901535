import { Tensor } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { message, show } from '../../check.js';
import { ambiguousMaskError, firstMask, type Mask, maskFits, maskOrigin } from './graph.js';

/** Finds out, call by call, whether the mask that tfjs hands a layer is the layer's own; see masks.ts for why it must. */
export class OwnMask {
  private isInSymbolicApply = false;
  private isNested = false;
  /** Whether the last call used a mask on the word of the graph alone. */
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

  /** To be told of every `computeOutputShape`: from outside, a model asks that is being applied inside another one. */
  noteShapeAsked(): void {
    if (!this.isInSymbolicApply) this.isNested = true;
  }

  /** Whether a model's executor is calling: it always passes a list of inputs. */
  isByExecutor(inputs: Tensor | Tensor[]): inputs is Tensor[] {
    return Array.isArray(inputs) && this.layer.inboundNodes.length > 0;
  }

  /** The mask of an eager call, when it is for this layer. `isUnused`: lengths that were given go before it. */
  choose(where: string, inputs: Tensor | Tensor[], mask: Mask | Mask[], isUnused = false): Mask {
    this.trustedGraph = false;
    const given = firstMask(mask);
    if (given != null && !(given instanceof Tensor))
      throw new TypeError(message(where, 'mask', 'a tensor [B, T]', show(given)));
    if (!given || isUnused || !this.isByExecutor(inputs)) return given;
    if (!maskFits(given, inputs[0] as Tensor)) return undefined;
    const origin = maskOrigin(this.layer, inputs, this.isNested);
    this.trustedGraph = origin === 'graph';
    return origin === 'none' ? undefined : given;
  }

  /**
   * The first of the masks that `computeMask` is asked about. The executor asks right after a call, with the masks as they
   * really were, as a list.
   * @throws UnsupportedError when the call used one that was not the layer's.
   */
  confirm(where: string, masks: Mask | Mask[]): Mask {
    const given = firstMask(masks);
    if (Array.isArray(masks) && this.trustedGraph && !given) {
      this.trustedGraph = false;
      throw ambiguousMaskError(where, this.layer);
    }
    return given;
  }
}
