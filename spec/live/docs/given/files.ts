/** A safetensors file by URL, a checkpoint of several dicts by path, and the bytes of a file. */

import { type StateDict, saveSafetensors, writeSafetensors } from 'tfjs-torch-rnn/state-dict';

const tensors: StateDict = new Map([
  ['encoder.gru.bias_ih_l0', { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }],
  ['fc.bias', { dtype: 'F32', shape: [2], data: Float32Array.of(4, 5) }],
]);
await saveSafetensors('weights.safetensors', tensors);
export const bytes = writeSafetensors(tensors);
export const url = new URL('weights.safetensors', import.meta.url.replace('/given/', '/'));
const digest = await crypto.subtle.digest('SHA-256', bytes);
export const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const weight = { 'fc.weight': [[1, 2]] };
const checkpoint = { model: weight, ema: { model: weight } };
export const path = new Blob([JSON.stringify(checkpoint)]);
