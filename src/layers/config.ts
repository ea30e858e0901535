/** How layers and cells go into saved models and come out of them. */

import type { serialization } from '@tensorflow/tfjs-core';

/** For `fromConfig`: tfjs calls it unbound, and adds `customObjects` to the config. */
export function construct<T extends serialization.Serializable>(
  cls: serialization.SerializableConstructor<T>,
  config: serialization.ConfigDict,
): T {
  const { customObjects: _, ...args } = config;
  return new cls(args);
}

/** The options for `getConfig`: what belongs to the machine and what is undefined left out. */
export function toConfig(
  options: Readonly<Record<string, unknown>> & { readonly implementation: unknown },
): serialization.ConfigDict {
  const { implementation: _, ...rest } = options;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as serialization.ConfigDict;
}
