import type { EngineFunctions } from '../abi/functions.js';
import { lostBy } from './engine-lost-error.js';

/** The functions of an engine. Where one fails, memory is in an unknown state: the engine is lost. */
export function guardFunctions<F = EngineFunctions>(exports: object, abandon: () => void): F {
  const guarded = Object.entries(exports).flatMap(([name, value]) => {
    if (typeof value !== 'function') return [];
    const call = (...args: unknown[]) => {
      try {
        return value(...args);
      } catch (cause) {
        abandon();
        throw lostBy(cause);
      }
    };
    return [[name, call]];
  });
  return Object.fromEntries(guarded) as F;
}
