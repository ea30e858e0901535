/** Finds the recurrent layers of a model that miss a mask, since a layer of tfjs above them hands on none. */

import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show, showFirst } from '../../check.js';
import { isModel, type Model } from '../is-model.js';
import { GraphWalk } from './graph-walk.js';
import { maskedOutputs, maskRuleOf, readsMask } from './mask-rules.js';

type Layer = layers.Layer;

/** A mask on its way through a graph: the layer that makes it, and the first one that does not hand it on. */
interface Passage {
  readonly maker: Layer;
  readonly endsAt?: Layer;
}

type Found = Passage | undefined;

/**
 * One sentence for each layer of a model, and of the models inside it, at which a mask ends before it reaches a layer of this
 * package that would read it.
 */
export function lostMaskWarnings(model: Layer): string[] {
  if (!isModel(model)) return [];
  const search = new Search();
  search.visit(model, []);
  return [...search.lost].map(([endsAt, { maker, readers }]) => {
    const behind = showFirst([...readers], nameOf);
    return (
      `The mask of layer ${nameOf(maker)} ends at layer ${nameOf(endsAt)}, so ${behind} behind it reads padded steps as well: ` +
      'where the PyTorch model packs there, set the lengths behind that layer again with lengthMask(), ' +
      'or call the layers one by one and pass lengths.'
    );
  });
}

/**
 * The embeddings without a mask, in a model and the models inside it, for which another layer sets one before every layer of
 * this package that would read it.
 */
export function maskedBehind(model: Layer): ReadonlySet<Layer> {
  if (!isModel(model)) return new Set();
  const search = new UnmaskedSearch();
  search.visit(model, []);
  for (const embedding of search.lost.keys()) search.masked.delete(embedding);
  return search.masked;
}

function nameOf({ name }: Layer): string {
  return show(name);
}

class Search {
  readonly lost = new Map<Layer, { readonly maker: Layer; readonly readers: Set<Layer> }>();
  /** The masks at the outputs of the models seen, by the model and the masks at its inputs: it may stand at many places. */
  private readonly seen = new Map<string, readonly Found[]>();

  /** @returns the masks at the outputs of a model, from those at its inputs. */
  visit(model: Model, atInputs: readonly Found[]): readonly Found[] {
    const masks = atInputs.map((found) => (found ? `${found.maker.id}-${found.endsAt?.id}` : '')).join();
    const key = `${model.id}: ${masks}`;
    const known = this.seen.get(key);
    if (known) return known;
    const walk = new GraphWalk<Found>((tensor, ofInputs) => {
      const input = model.inputs.indexOf(tensor);
      return input >= 0 ? atInputs[input] : this.behind(tensor, ofInputs);
    });
    const found = model.outputs.map((output) => walk.of(output));
    this.seen.set(key, found);
    return found;
  }

  private behind(tensor: SymbolicTensor, masks: readonly Found[]): Found {
    const { sourceLayer: layer, outputTensorIndex = 0 } = tensor;
    const [first] = masks;
    if (readsMask(tensor)) this.note(layer, first);
    if (isModel(layer)) return endedAt(layer, this.visit(layer, masks)[outputTensorIndex]);
    switch (maskRuleOf(layer)) {
      case 'makes':
        return this.made(layer, first);
      case 'keeps':
        return first;
      case 'sequence':
        return outputTensorIndex < maskedOutputs(layer) ? first : undefined;
      case 'merges':
        return masks.slice(0, -1).every(isLive) ? first : endedAt(layer, anyOf(masks));
      case 'concatenates':
        return masks.find(isLive) ?? anyOf(masks);
      case 'ends':
        return undefined;
      default:
        return this.dropped(layer, first);
    }
  }

  /** @param _before  what comes in, and ends. */
  protected made(layer: Layer, _before: Found): Found {
    return { maker: layer };
  }

  protected dropped(layer: Layer, mask: Found): Found {
    return endedAt(layer, mask);
  }

  private note(reader: Layer, mask: Found): void {
    if (!mask?.endsAt) return;
    const { maker, endsAt } = mask;
    const { readers } = this.lost.get(endsAt) ?? { readers: new Set<Layer>() };
    this.lost.set(endsAt, { maker, readers: readers.add(reader) });
  }
}

const EMBEDDINGS: readonly string[] = ['Embedding', 'TorchEmbedding'];

/** Follows the mask that an embedding does not make, which has ended where it would begin, until another layer makes one. */
class UnmaskedSearch extends Search {
  /** Those behind which somewhere a layer makes a mask. */
  readonly masked = new Set<Layer>();

  protected override made(_layer: Layer, before: Found): Found {
    if (before) this.masked.add(before.maker);
    return undefined;
  }

  protected override dropped(layer: Layer, mask: Found): Found {
    return EMBEDDINGS.includes(layer.getClassName()) ? { maker: layer, endsAt: layer } : mask;
  }
}

function isLive(mask: Found): boolean {
  return mask !== undefined && mask.endsAt === undefined;
}

function anyOf(masks: readonly Found[]): Found {
  return masks.find((mask) => mask !== undefined);
}

/** A mask that ended before ends where it did. */
function endedAt(layer: Layer, mask: Found): Found {
  return mask && { endsAt: layer, ...mask };
}
