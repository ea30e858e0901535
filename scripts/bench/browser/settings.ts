/** What is compared in browsers, and where. */

import { type Kind, TFJS_KINDS } from '../contestants.js';

export const BACKENDS = ['wasm', 'webgl', 'webgpu'] as const;
export type Backend = (typeof BACKENDS)[number];

export const PLACES = ['js', 'gpu'] as const;
/** Where the numbers of a call lie; see `Data`. */
export type Place = (typeof PLACES)[number];

/** Peers are compared with those of the same setting. */
export interface Setting {
  readonly backend: Backend;
  readonly place: Place;
}

const ORT_WEB: Kind = { name: 'ort-web', title: () => 'onnxruntime-web', trains: false, isTorch: true };
const ORT_WEBGPU: Kind = { ...ORT_WEB, name: 'ort-webgpu' };

export const KINDS: readonly Kind[] = [...TFJS_KINDS, ORT_WEB, ORT_WEBGPU];

export function isOnTfjs(kind: Kind): boolean {
  return TFJS_KINDS.includes(kind);
}

/** onnxruntime is given numbers from JavaScript alone. */
export function kindsIn({ backend, place }: Setting): readonly Kind[] {
  const others: Partial<Record<Backend, Kind>> = { wasm: ORT_WEB, webgpu: ORT_WEBGPU };
  return KINDS.filter((kind) => isOnTfjs(kind) || (place === 'js' && kind === others[backend]));
}

/** What lies on a GPU is a matter of the backends that have one. */
export function settingsOf(backends: readonly Backend[], places: readonly Place[]): Setting[] {
  return backends.flatMap((backend) =>
    places.filter((place) => backend !== 'wasm' || place === 'js').map((place) => ({ backend, place })),
  );
}

/** `webgl, from JS`. */
export function settingTitle({ backend, place }: Setting): string {
  return `${backend}, data ${place === 'js' ? 'from JS' : 'on the GPU'}`;
}
