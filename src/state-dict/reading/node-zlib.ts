/** The part of `node:zlib` that inflating and checksums use. */
export interface NodeZlib {
  readonly inflateRawSync: Sync;
  readonly gunzipSync: Sync;
  readonly inflateRaw: Async;
  readonly gunzip: Async;
  /** Node >= 20.15 */
  crc32?(bytes: Uint8Array): number;
}

interface Options {
  /** Asks for {@link Inflated} in place of the bytes alone. */
  readonly info: true;
  /** 1 or more. */
  readonly maxOutputLength?: number;
}

type Sync = (bytes: Uint8Array, options: Options) => Inflated;
type Async = (
  bytes: Uint8Array,
  options: Options,
  done: (error: Error | null, result: Inflated) => void,
) => void;

/** The inflated bytes, and how many bytes of the input they took. */
export interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

interface NodeProcess {
  getBuiltinModule?(name: 'node:zlib'): NodeZlib;
}

/** Node's zlib; undefined where there is none. It comes from the running process, as in `node-fs.ts`. */
export function nodeZlib(): NodeZlib | undefined {
  return (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.('node:zlib');
}
