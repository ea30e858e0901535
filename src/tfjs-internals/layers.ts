/** Fields of tf.layers' layers and weights. */

import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { expectPart } from './expect-part.js';

/** Counts a use of a layer that was built without `apply`: tfjs disposes no layer that was never used (null). */
export function countUse(layer: layers.Layer): void {
  const counted = layer as unknown as { _refCount: number | null };
  expectPart('Layer._refCount', 'a field', '_refCount' in layer, undefined);
  counted._refCount ??= 1;
}

/** Where a layer keeps those inside it: wrappers, recurrent layers, and stacks of cells. */
type Inner = Partial<Record<'layer' | 'forwardLayer' | 'backwardLayer' | 'cell', layers.Layer>> & {
  readonly cells?: readonly layers.Layer[];
};

/** Has a layer begin with zeros, and all layers inside it: tfjs tells all of them but the cells of a stack. */
export function beginWithZeros(outermost: layers.Layer): void {
  const all = [outermost];
  for (const layer of all) {
    layer.setFastWeightInitDuringBuild(true);
    const { layer: wrapped, forwardLayer, backwardLayer, cell, cells = [] } = layer as Inner;
    if (layer.getClassName() === 'StackedRNNCells')
      expectPart('StackedRNNCells.cells', 'a list of cells', cells.length > 0, cells);
    for (const inner of [wrapped, forwardLayer, backwardLayer, cell, ...cells]) if (inner) all.push(inner);
  }
}

/** Gives a weight the name under which a saved model holds it. */
export function renameWeight(weight: LayerVariable, originalName: string): void {
  const { originalName: old } = weight;
  expectPart('LayerVariable.originalName', 'a string', typeof old === 'string', old);
  Object.assign(weight, { originalName });
}

/**
 * Lets a built layer normalization take inputs of every rank: once it is built, tfjs counts its axes from the front, as the
 * input had them that it was built for.
 * @param axes  counted from the end.
 */
export function countAxesFromEnd(layer: layers.Layer, axes: readonly number[]): void {
  const normalization = layer as unknown as { axis: number[] };
  const { axis } = normalization;
  expectPart('LayerNormalization.axis', 'a list', Array.isArray(axis), axis);
  const { call } = layer;
  normalization.axis = [...axes];
  layer.call = (inputs, kwargs) => {
    const [x] = Array.isArray(inputs) ? inputs : [inputs];
    normalization.axis = axes.map((fromEnd) => fromEnd + (x as Tensor).rank);
    try {
      return call.call(layer, inputs, kwargs);
    } finally {
      // What getConfig reads.
      normalization.axis = [...axes];
    }
  };
}
