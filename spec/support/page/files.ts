/** What `../node/files.ts` gives in Node, from the server of spec/live/browser. Suites are declared from fixtures, at once: so it waits. */

/** One character a byte. */
const ONE_TO_ONE = 'text/plain; charset=x-user-defined';

function get(path: string, mimeType?: string): string {
  const request = new XMLHttpRequest();
  request.open('GET', `/fixtures/${path}`, false);
  if (mimeType !== undefined) request.overrideMimeType(mimeType);
  request.send();
  if (request.status !== 200) throw new Error(`/fixtures/${path}: status ${request.status}`);
  return request.responseText;
}

export function fixtureBytes(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(get(path, ONE_TO_ONE), (character) => character.charCodeAt(0) & 0xff);
}

export function fixtureText(path: string): string {
  return get(path);
}

export function fixtureNames(folder: string): string[] {
  return JSON.parse(get(`${folder}/`)) as string[];
}
