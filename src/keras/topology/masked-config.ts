/** Puts layers of this package in the place of those that treat masks in tfjs otherwise than in Keras. */

import { describe, type LayerJson, unsupported } from '../json.js';
import {
  ACTIVATION_CLASSES,
  MERGE_CLASSES,
  maskedClassName,
  RECURRENT_CLASSES,
} from '../layer/masked-class.js';
import { isAlongTime, type MaskPlan } from '../masks/plan.js';
import { kerasRule, readsMasks } from '../masks/rules.js';

/** Readers of masks that nothing here computes with one. */
const REFUSED = new Set('ConvLSTM2D Maximum Minimum MultiHeadAttention Multiply TimeDistributed'.split(' '));

/**
 * @param converted the configuration for tfjs of the layer `original`.
 * @throws UnsupportedError for a masked layer that neither tfjs nor this package computes as Keras does.
 */
export function withKerasMasks(converted: LayerJson, original: LayerJson, plan: MaskPlan): LayerJson {
  const { class_name: name } = original;
  const { version } = plan;
  if (version === undefined) return converted;
  const isMasked = plan.isMasked(original);
  if (isMasked && readsMasks(original, version)) checkReader(original);
  const masked = (config: object) => ({
    ...converted,
    class_name: maskedClassName(name),
    config: { ...converted.config, ...config },
  });
  // tfjs hands initial states on to all recurrent layers behind, as it does with masks.
  if (RECURRENT_CLASSES.includes(name) && (plan.hasMasks || plan.hasStates))
    return masked({ masked: isMasked, zero_output: original.config.zero_output_for_mask === true });
  if (name === 'Softmax' && plan.hasMasks) return masked({ masked: isMasked });
  if (!isMasked) return converted;
  if (
    name === 'GlobalAveragePooling1D' ||
    (ACTIVATION_CLASSES.includes(name) && kerasRule(original, version) === 'keeps')
  )
    return masked({});
  if (!MERGE_CLASSES.includes(name)) return converted;
  const merge = isAlongTime(original) ? 'none' : version === 2 ? 'and' : 'or';
  return masked({ merge });
}

function checkReader(layer: LayerJson): void {
  const { class_name: name } = layer;
  if (!REFUSED.has(name)) return;
  const remedy = 'It computes with the mask in Keras: mask behind it, or not at all';
  throw unsupported(`mask of ${describe(layer)}`, `none for ${name}`, 'one', remedy);
}
