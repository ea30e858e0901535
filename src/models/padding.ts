/** What a load tells of embeddings whose ids are padded: a file holds neither padding_idx nor whether the model packs. */

import { maskedBehind } from '../layers/masks/lost-masks.js';
import type { Padding } from '../matching/torch-module.js';
import type { Slot } from './leaves.js';
import { isByPath, isVariable, type LoadTarget, layersIn } from './target.js';

/**
 * One sentence or two for each Embedding with a row of zeros, as padding_idx leaves it, where no argument says what the padding
 * means and no mask is set behind it; and one for a mask that nothing can read.
 */
export function paddingWarnings(slots: readonly Slot[], target: LoadTarget): string[] {
  const targets = layersIn(target);
  const masked = new Set(targets.flatMap((layer) => [...maskedBehind(layer)]));
  return slots.flatMap(({ leaf: { holder: layer, layerPath, module }, tensor: { data, shape } }) => {
    const { padding } = module;
    if (padding === undefined || isVariable(layer)) return [];
    const { argument, isMasked, index } = padding;
    const start = `layer "${layerPath}":`;
    const isCalledOnTensors = isByPath(target) && targets.includes(layer) && layer.inboundNodes.length === 0;
    if (isMasked && isCalledOnTensors)
      return [
        `${start} ${argument}: true makes a mask inside a model alone. Where the layer is called on tensors, pass lengths to ` +
          'the layers behind it.',
      ];
    const size = shape[1] as number;
    const row = data.subarray(index * size, (index + 1) * size);
    // Of every dtype, the bits of +0 are 0.
    const isZero = row.every((value: number | bigint) => Number(value) === 0);
    if (!isZero || isMasked !== undefined || masked.has(layer)) return [];
    return [`${start} ${meaning(padding)} ${packing(padding)}`];
  });
}

function meaning({ index, isFrozen, argument }: Padding): string {
  if (isFrozen) return `row ${index}, of paddingIdx, is all zeros.`;
  const start = `row ${index} is all zeros, as padding_idx=${index} leaves it, and torch trains no row of padding_idx.`;
  return argument === 'maskZero'
    ? `${start} tf.layers.embedding does; embedding({ paddingIdx: ${index} }) of this package does not.`
    : `${start} Pass paddingIdx: ${index} if the module has it.`;
}

function packing({ index, argument }: Padding): string {
  return (
    `Where the PyTorch model packs its input and ${index} pads, pass ${argument}: true in a model (or set the lengths with ` +
    `lengthMask()), and lengths to layers that are called on tensors. Where it does not pack, ${argument}: false says so.`
  );
}
