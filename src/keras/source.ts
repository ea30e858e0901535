/** Reads a model's artifacts from every source that `tf.loadLayersModel` takes. */

import { io } from '@tensorflow/tfjs-core';
import { message, show } from '../check.js';
import { nodeFs } from '../state-dict/sources/disk/node-fs.js';
import { publicUrl } from '../state-dict/sources/public-url.js';
import { fetchChecked } from './fetch.js';
import { fileHandler } from './file-handler.js';
import { invalidModel, isObject, type JsonObject, WHERE } from './json.js';
import { checkTopology } from './model-json.js';

/** The URL of a model.json (in Node also a path), an IOHandler that loads one, or the artifacts it returns. */
export type KerasModelSource = string | io.IOHandler | io.IOHandlerSync | io.ModelArtifacts;

/** How a model is fetched, as for `tf.loadLayersModel`. */
export type KerasLoadOptions = {
  readonly [Name in 'requestInit' | 'onProgress' | 'fetchFunc' | 'weightPathPrefix' | 'weightUrlConverter']?:
    | io.LoadOptions[Name]
    | undefined;
};

type KerasArtifacts = io.ModelArtifacts & { readonly modelTopology: JsonObject };

export async function readArtifacts(
  source: KerasModelSource,
  options: KerasLoadOptions,
): Promise<KerasArtifacts> {
  const artifacts = await artifactsOf(source, options);
  if (!isObject(artifacts)) throw invalidModel('source', 'model artifacts', show(artifacts));
  const modelTopology = checkTopology(artifacts);
  const { userDefinedMetadata: metadata } = artifacts;
  if (metadata != null && !isObject(metadata))
    throw invalidModel('userDefinedMetadata', 'an object', show(metadata));
  return { ...(artifacts as io.ModelArtifacts), modelTopology };
}

async function artifactsOf(source: unknown, options: KerasLoadOptions): Promise<unknown> {
  if (typeof source === 'string') return handlerOf(source, options).load?.();
  if (isObject(source) && typeof source.load === 'function') return (source as io.IOHandler).load?.();
  if (isObject(source) && 'modelTopology' in source) return source;
  const rule = 'a path, a URL, an IOHandler that can load, or model artifacts';
  throw new TypeError(message(WHERE, 'source', rule, show(source)));
}

/** The handler that tfjs would choose, which says what a server answers; in Node that of files, also where tfjs-node has one. */
function handlerOf(path: string, options: KerasLoadOptions): io.IOHandler {
  const fs = nodeFs();
  if (fs && /^file:/i.test(path)) return fileHandler(fs, path, options);
  const checked = { ...options, fetchFunc: fetchChecked(path, options.fetchFunc) };
  const handlers = io.getLoadHandlers(path, checked) as io.IOHandler[];
  const [handler] = handlers;
  if (handler && handlers.length === 1) return handler;
  if (handlers.length > 1)
    throw new RangeError(
      message(WHERE, 'source', `one handler for ${show(publicUrl(path))}`, `${handlers.length}`),
    );
  // In a page it is a relative URL.
  return fs ? fileHandler(fs, path, options) : io.browserHTTPRequest(path, checked);
}
