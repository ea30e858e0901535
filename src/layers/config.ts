/** How layers and cells are saved and loaded in a model's configuration. */

import type { serialization } from '@tensorflow/tfjs-core';

/** The `fromConfig` of every class. tfjs calls it without `this`, and adds `customObjects` to the config. */
export function construct<T extends serialization.Serializable>(
  cls: serialization.SerializableConstructor<T>,
  config: serialization.ConfigDict,
): T {
  const { customObjects: _, ...args } = config;
  return new cls(args);
}

/** The options for `getConfig`, without undefined ones and without `implementation`, which depends on the machine. */
export function toConfig(options: object): serialization.ConfigDict {
  const { implementation: _, ...rest } = options as { readonly implementation?: unknown };
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as serialization.ConfigDict;
}
