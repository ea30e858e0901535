import { publicUrl } from '../state-dict/sources/public-url.js';

/** Whether a word names a URL, not a path. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/** A word as messages show it: a URL without its secrets. */
export function publicWord(word: string): string {
  return isUrl(word) ? publicUrl(word) : word;
}
