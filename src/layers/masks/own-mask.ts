import { Tensor } from '@tensorflow/tfjs-core';
import type { layers, Shape } from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { deliveredMasks, losingLayers, originOf, possiblePlaces } from './graph.js';
import { firstMask, type Mask, maskFits } from './mask.js';

/** Decides in each call whether the mask that tfjs passes to a layer is the layer's own; graph.ts says why it must. */
export class OwnMask {
  private isInSymbolicApply = false;
  private isNested = false;
  /** Whether the executor's last call used a mask, where the graph of its model has to say so; `confirm` checks it. */
  private used: boolean | undefined;

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

  /**
   * The mask of an eager call, if it belongs to the layer.
   * @param sequence the sizes `[B, T]` of x.
   * @throws RangeError for a user's mask that does not fit; UnsupportedError where tfjs has lost the layer's mask.
   */
  choose(where: string, inputs: Tensor | Tensor[], mask: Mask | Mask[], sequence: Shape): Mask {
    this.used = undefined;
    const given = firstMask(mask);
    if (given != null && !(given instanceof Tensor))
      throw new TypeError(message(where, 'mask', 'a tensor [B, T]', show(given)));
    if (this.isByExecutor(inputs)) return this.chooseInGraph(where, inputs, given, sequence);
    if (given) checkMask(where, given, sequence);
    return given;
  }

  private chooseInGraph(where: string, inputs: Tensor[], given: Mask, sequence: Shape): Mask {
    const places = possiblePlaces(this.layer, inputs);
    for (const place of places) {
      const loser = losingLayers.of(place);
      if (loser) throw lostAt(where, loser);
    }
    const fits = maskFits(given, sequence);
    const origins = places.map((place) => originOf(deliveredMasks.of(place)));
    if (this.isNested && origins.includes('input')) return fits ? given : undefined;
    if (!origins.includes('graph')) return undefined;
    this.used = fits;
    return fits ? given : undefined;
  }

  /**
   * The first of the masks that `computeMask` gets. The executor calls it right after a call, with a list that holds the
   * true mask of each input; tfjs calls it before that, without masks.
   * @throws UnsupportedError when the call used a mask that was not the layer's, or did not use the layer's.
   */
  confirm(where: string, masks: Mask | Mask[]): Mask {
    const given = firstMask(masks);
    if (!Array.isArray(masks)) return given;
    const { used } = this;
    this.used = undefined;
    if (used === true && !given) throw this.ambiguous(where);
    if (used === false && given) throw notFitting(where, given);
    return given;
  }

  private ambiguous(where: string): UnsupportedError {
    const rule = `every call of layer ${JSON.stringify(this.layer.name)} to be masked, or none`;
    const remedy =
      'tfjs does not tell them apart: mask both (tf.layers.masking), or use two layers with the same weights';
    return new UnsupportedError(message(where, 'mask', rule, 'both kinds', remedy));
  }
}

/** @throws RangeError for a mask of a user's that does not fit x. */
function checkMask(where: string, mask: Tensor, sequence: Shape): void {
  if (mask.isDisposed) throw new RangeError(message(where, 'mask', 'a live tensor', 'a disposed one'));
  const got = showShape(mask.shape);
  if (mask.rank !== 2 || !maskFits(mask, sequence))
    throw new RangeError(
      message(where, 'mask', `shape ${showShape(sequence)}, one value per step of x`, got),
    );
}

function lostAt(where: string, { name }: layers.Layer): UnsupportedError {
  const rule = `that of all inputs of layer ${JSON.stringify(name)}`;
  const remedy =
    'Merge layers of tfjs 4.22 ignore the mask of their last input, and need one in each of the others: ' +
    `set the mask behind ${JSON.stringify(name)} with lengthMask()`;
  return new UnsupportedError(message(where, 'mask', rule, 'that of some of them', remedy));
}

function notFitting(where: string, { shape }: Tensor): UnsupportedError {
  const remedy =
    'A layer of tfjs 4.22 above has changed it: set the mask before this layer with lengthMask()';
  return new UnsupportedError(message(where, 'mask', 'shape [B, T]', showShape(shape), remedy));
}
