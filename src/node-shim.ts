/**
 * Lets `@tensorflow/tfjs-node` 4.22 run on Node 23 and later: importing this module puts back the two functions of
 * `node:util` that its backend calls and that Node has removed. Where they exist, and in browsers, it does nothing.
 *
 * ```ts
 * import 'tfjs-torch-rnn/node-shim';
 * import * as tf from '@tensorflow/tfjs-node';
 * ```
 *
 * @see https://github.com/tensorflow/tfjs/pull/8425 the fix, which no release has
 */

const removed = {
  isArray: (value: unknown): value is unknown[] => Array.isArray(value),
  isNullOrUndefined: (value: unknown): value is null | undefined => value === null || value === undefined,
};

// Not an import: browsers have no node:util, and this module is imported by code that runs in both. The object is the
// one that require('util') gives, so the CommonJS code of tfjs-node sees what is added here.
const util = globalThis.process?.getBuiltinModule?.('node:util') as Record<string, unknown> | undefined;

if (util !== undefined) {
  for (const [name, fn] of Object.entries(removed)) {
    if (typeof util[name] !== 'function') util[name] = fn;
  }
}

export {};
