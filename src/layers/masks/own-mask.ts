import { Tensor } from '@tensorflow/tfjs-core';
import type { layers, Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import {
  type GraphCall,
  modelMask,
  takeGraphCall,
  watchModels,
  watchOutputs,
} from '../../tfjs-internals/models.js';
import { type LayerTensors, toList } from '../one-or-many.js';
import { deliveredMasks, losingLayers, originOf } from './graph.js';
import { firstMask, type Mask, maskFits } from './mask.js';

/**
 * Decides in each call whether the mask that tfjs passes to a layer is the layer's own; graph.ts says why it must. A mask that
 * a user passes always is.
 */
export class OwnMask {
  /** The call in a graph that is under way; undefined in a user's call. */
  private graphCall: GraphCall | undefined;
  /** Whether the executor's last call used a mask, where the graph of its model has to say so; `confirm` checks it. */
  private used: boolean | undefined;

  constructor(private readonly layer: layers.Layer) {}

  /** Notes a symbolic call by its outputs. */
  enterGraph(outputs: LayerTensors): void {
    watchModels();
    watchOutputs(toList(outputs as SymbolicTensor | SymbolicTensor[]));
  }

  /** Begins an eager call, and returns the one in a graph for which the executor of a model makes it. Call it once, first of all. */
  begin(): GraphCall | undefined {
    this.graphCall = takeGraphCall(this.layer);
    return this.graphCall;
  }

  /**
   * The mask of an eager call, if it belongs to the layer.
   * @param sequence the sizes `[B, T]` of x.
   * @throws RangeError for a user's mask that does not fit; UnsupportedError where tfjs has lost the layer's mask.
   */
  choose(where: string, mask: Mask | Mask[], sequence: Shape): Mask {
    this.used = undefined;
    const given = firstMask(mask);
    if (given != null && !(given instanceof Tensor))
      throw new TypeError(message(where, 'mask', 'a tensor [B, T]', show(given)));
    if (this.graphCall) return this.chooseInGraph(where, this.graphCall, given, sequence);
    if (given) checkMask(where, given, sequence);
    return given;
  }

  private chooseInGraph(where: string, { inputs }: GraphCall, given: Mask, sequence: Shape): Mask {
    const x = inputs[0] as SymbolicTensor;
    const loser = losingLayers.of(x);
    if (loser) throw lostAt(where, loser);
    const origin = originOf(deliveredMasks.of(x));
    if (origin === 'none') return undefined;
    // Since the model was called, the masks of its other layers may have taken the place of its own.
    const own = origin === 'input' ? firstMask(modelMask() as Mask) : given;
    const fits = maskFits(own, sequence);
    if (origin === 'graph') this.used = fits;
    return fits ? own : undefined;
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
    if (used === true && !given) throw this.mistaken(where);
    if (used === false && given) throw notFitting(where, given);
    return given;
  }

  private mistaken(where: string): UnsupportedError {
    const rule = `a mask for layer ${JSON.stringify(this.layer.name)} from a layer before it`;
    const remedy =
      'A layer there supports masks and returned none, so tfjs passed the mask of another one: let it return a mask, ' +
      'or set supportsMasking = false on it';
    return new UnsupportedError(message(where, 'mask', rule, 'none', remedy));
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
