import { serialization } from '@tensorflow/tfjs-core';
import { show } from '../../check.js';
import { describe, isObject, type LayerJson, objectsIn, unsupported } from '../json.js';
import { hasResetAfter } from './gru-config.js';

/** The classes that tfjs can build from a configuration, by class name. */
export function registeredClasses(): Readonly<Record<string, unknown>> {
  return serialization.SerializationMap.getMap().classNameMap;
}

/** @throws UnsupportedError for a layer that tfjs does not have, or a wrapper around one. */
export function checkClass(layer: LayerJson): void {
  const { layer: inner } = layer.config;
  for (const name of [layer.class_name, isObject(inner) ? inner.class_name : undefined]) {
    if (name === undefined || (typeof name === 'string' && Object.hasOwn(registeredClasses(), name)))
      continue;
    throw unsupported(
      `class_name of ${describe(layer)}`,
      'a layer of tfjs',
      show(name),
      'Write it in JavaScript and register it with tf.serialization.registerClass',
    );
  }
}

/** @throws UnsupportedError for a GRU with reset_after in a place where this package has no layer for it. */
export function checkNoResetAfter(layer: LayerJson): void {
  const rule = 'reset_after true in GRU, RNN(GRUCell) or Bidirectional(GRU), alone or in TimeDistributed';
  for (const value of objectsIn(layer))
    if (hasResetAfter(value, 'GRU') || hasResetAfter(value, 'GRUCell'))
      throw unsupported(`${value.class_name} in ${describe(layer)}`, rule, `it in ${layer.class_name}`);
}
