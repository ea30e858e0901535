/** The arguments of a tf.layers layer (`name`, `trainable`, `inputShape`, ...), each of which may be undefined. */

import type { layers } from '@tensorflow/tfjs-layers';

type TfLayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** tfjs's own declarations leave `undefined` out, which `exactOptionalPropertyTypes` then refuses. */
export type LayerArgs = { [Name in keyof TfLayerArgs]: TfLayerArgs[Name] | undefined };
