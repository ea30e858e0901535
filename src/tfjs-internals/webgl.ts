/** The webgl backend of tfjs, and the programs that it runs. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

/** A shader for tfjs's webgl backend, which declares `get<Variable>(...)`, `getOutputCoords()` and `setOutput(...)` for it. */
export interface WebGlProgram {
  readonly variableNames: string[];
  readonly outputShape: number[];
  readonly userCode: string;
}

/** tfjs's webgl backend. Its package is not imported: pages that do not use it must not load it. */
export interface WebGlBackend extends KernelBackend {
  runWebGLProgram(
    program: WebGlProgram,
    inputs: readonly TensorInfo[],
    dtype: TensorInfo['dtype'],
  ): TensorInfo;
}

export function webGlBackend(backend: KernelBackend): WebGlBackend {
  const { runWebGLProgram } = backend as Partial<WebGlBackend>;
  const isFunction = typeof runWebGLProgram === 'function';
  expectPart('MathBackendWebGL.runWebGLProgram', 'a function', isFunction, runWebGLProgram);
  return backend as WebGlBackend;
}
