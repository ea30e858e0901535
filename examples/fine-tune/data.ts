/** The phrases: Latin to learn, and those of the known languages to remember. */

import { readFile } from 'node:fs/promises';
import { readHeldOut } from '../language-id/held-out.js';

export const NEW_LANGUAGE = 'Latin';

/** Characters of a phrase to train on; what is measured is whole. Every step costs time, for short phrases as well. */
const MAX_LENGTH = 16;

export interface Phrases {
  readonly texts: readonly string[];
  /** Index of each phrase's language. */
  readonly labels: readonly number[];
}

export interface Data {
  /** In the languages that the model knows, for training. */
  readonly known: Phrases;
  /** In the new language, for training. */
  readonly added: Phrases;
  /** Not trained on, neither before nor now: of the known languages, and of the new one. */
  readonly heldOut: { readonly known: Phrases; readonly added: Phrases };
}

/**
 * The known languages' phrases are those that the model was not trained on: every second one is trained on now, the
 * others measure what the model still knows.
 *
 * @param languages the known ones, in the order of the logits; the new one comes after them.
 */
export async function readData(languages: readonly string[]): Promise<Data> {
  const { phrases, labels } = await readHeldOut(languages);
  const isTrained = (i: number) => i % 2 === 0;
  const known = (wanted: boolean): Phrases => ({
    texts: phrases.filter((_, i) => isTrained(i) === wanted),
    labels: labels.filter((_, i) => isTrained(i) === wanted),
  });
  const latin: Record<'train' | 'heldOut', string[]> = JSON.parse(
    await readFile(new URL('latin.json', import.meta.url), 'utf8'),
  );
  const added = (texts: readonly string[]): Phrases => ({ texts, labels: texts.map(() => languages.length) });
  return {
    known: shorten(known(true)),
    added: shorten(added(latin.train)),
    heldOut: { known: known(false), added: added(latin.heldOut) },
  };
}

function shorten({ texts, labels }: Phrases): Phrases {
  return { texts: texts.map(firstWords), labels };
}

/** As many words as fit into MAX_LENGTH; one word that does not is cut. */
export function firstWords(text: string): string {
  const characters = Array.from(text);
  if (characters.length <= MAX_LENGTH) return text;
  const end = characters.lastIndexOf(' ', MAX_LENGTH);
  return characters.slice(0, end > 0 ? end : MAX_LENGTH).join('');
}
