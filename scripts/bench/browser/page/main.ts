/** One peer in a page, which the URL names: `?peer=NAME&backend=NAME&threads=N&data=js`, and `&watch` to count work of the GPU. */

import * as tf from '@tensorflow/tfjs';
import { type GpuWatch, watchGpu } from '../../../../spec/support/gpu-work.js';
import type { Data, StartPeer } from '../../peers/peer.js';
import type { Answer, FirstCall, Hello, Request, Work } from '../../protocol.js';
import { errorText, Serving, type Surroundings } from '../../serving.js';
import { firstOp, gpuLost, tfjsStart } from './backend.js';
import { PEERS } from './peers.js';

/** The clock of an isolated page has steps of 5 us. */
const LEAST_MS = 1;

/** Files are the server's. */
const surroundings: Surroundings = {
  leastMs: LEAST_MS,
  read: async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer()),
  write: async (file, bytes) => {
    const { ok, status } = await fetch(file, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
    if (!ok) throw new Error(`${file}: status ${status}`);
  },
};

const query = new URLSearchParams(location.search);
const [peerName, backend, threads] = ['peer', 'backend', 'threads'].map((name) => query.get(name) ?? '') as [
  string,
  string,
  string,
];

let serving: Serving;
let watch: GpuWatch | undefined;
let lost: Promise<never> | undefined;

async function start(): Promise<Hello> {
  if (query.has('watch')) watch = watchGpu();
  const peer = await (PEERS[peerName] as StartPeer)({
    tfjs: tfjsStart(backend, Number(threads)),
    threads: Number(threads),
    data: query.get('data') as Data,
  });
  // A page of onnxruntime starts none.
  if (tf.getBackend()) lost = gpuLost();
  serving = new Serving(peer, surroundings);
  return { versions: peer.versions, hasThreads: peer.hasThreads };
}

async function handle(request: Request): Promise<unknown> {
  if (request.command === 'first') return firstCall();
  if (request.command === 'work') return workOfCall();
  return serving.handle(request);
}

async function firstCall(): Promise<FirstCall> {
  const { prepared } = serving;
  const begin = performance.now();
  await firstOp();
  const op = performance.now() - begin;
  await prepared.refresh?.();
  const start = performance.now();
  await prepared.run();
  return { op, call: performance.now() - start };
}

/** Programs of `refresh`, which are not a call's. */
let otherPrograms = 0;

async function workOfCall(): Promise<Work> {
  const { prepared } = serving;
  if (!watch) throw new Error('the page does not count');
  const { programs } = watch.work;
  await prepared.refresh?.();
  const before = watch.work;
  otherPrograms += before.programs - programs;
  await prepared.run();
  const after = watch.work;
  return {
    dispatches: after.dispatches - before.dispatches,
    reads: after.reads - before.reads,
    bytesRead: after.bytesRead - before.bytesRead,
    programs: after.programs - otherPrograms,
    ...(prepared.ran ? { ran: prepared.ran() } : {}),
  };
}

async function answer<T>(body: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { result: await (lost ? Promise.race([body(), lost]) : body()) };
  } catch (error) {
    return { error: errorText(error) };
  }
}

Object.assign(globalThis, {
  hello: answer(start),
  ask: (request: Request) => answer(() => handle(request)),
});
