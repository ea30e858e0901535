/** Workers of browsers. Their code comes from a `blob:` URL, so that no bundler has to find it. */

import type { WorkerPlatform } from './worker.js';

const HAS_LEFT = 'has left';

/** Code around a program, which gets its data by the first message. */
const codeOf = (program: string) => `{
onmessage = ({ data }) => (${program})(data, {
  post: (message) => postMessage(message),
  listen: (body) => { onmessage = ({ data }) => body(data); },
  atEnd: (body) => addEventListener('error', body),
  leave: () => { postMessage('${HAS_LEFT}'); close(); },
});
}`;

const NOT_ISOLATED =
  'this page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and ' +
  'Cross-Origin-Embedder-Policy: require-corp';

const BLOCKED = "its workers do not start. Does the page's Content-Security-Policy lack blob: in worker-src?";

/** A URL for each program. They stay: a browser may load one late. */
const urls = new Map<string, string>();

function urlOf(program: string): string {
  const url =
    urls.get(program) ?? URL.createObjectURL(new Blob([codeOf(program)], { type: 'text/javascript' }));
  urls.set(program, url);
  return url;
}

/** Undefined where there are none, as in a service worker. */
export function webWorkers(): WorkerPlatform | undefined {
  if (typeof Worker === 'undefined' || typeof URL?.createObjectURL !== 'function') return undefined;
  return {
    processors: globalThis.navigator?.hardwareConcurrency ?? 1,
    whyNotShared: globalThis.crossOriginIsolated ? undefined : NOT_ISOLATED,
    start(program, data, { onMessage, onError, onExit }) {
      const worker = new Worker(urlOf(program));
      worker.onerror = (event) => {
        event.preventDefault();
        worker.terminate();
        // Without a message where its code was not loaded.
        onError(event.message || BLOCKED);
        onExit();
      };
      worker.onmessage = ({ data: message }) => {
        if (message === HAS_LEFT) onExit();
        else onMessage(message);
      };
      worker.postMessage(data);
      return {
        post: (message, transfer = []) => worker.postMessage(message, transfer),
        keepAlive: () => {},
        terminate: () => worker.terminate(),
      };
    },
  };
}
