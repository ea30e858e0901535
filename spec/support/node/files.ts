/** The files of spec/fixtures, read in Node; `../page/files.ts` takes the place of this module in a page. */

import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../fixtures/', import.meta.url);

/** @param path below spec/fixtures */
export function fixtureBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, root)));
}

/** @param path below spec/fixtures */
export function fixtureText(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** The names in a folder below spec/fixtures, sorted. */
export function fixtureNames(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, root)).sort();
}
