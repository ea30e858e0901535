/** Misuses for which PyTorch has a message: we throw an error of our own that holds torch's searchable words. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { torchMessage, torchMessageIds } from './fixtures.js';

export interface Misuse {
  readonly run: () => unknown;
  readonly type: typeof TypeError | typeof RangeError;
  readonly text: string;
  /** The words that users search for, in torch's message and in ours. Absent where torch's message names Python's types. */
  readonly words?: string;
}

interface Catalogue {
  /** Covers the ids of spec/fixtures/torch/messages.json with this prefix. */
  readonly prefixes: readonly string[];
  readonly misuses: Readonly<Record<string, Misuse>>;
  /** Misuses of torch that cannot be written here, or are legal here, each with the reason. */
  readonly notApplicable?: Readonly<Record<string, string>>;
  /** Ids whose test stands elsewhere. */
  readonly elsewhere?: readonly string[];
}

/** One test per misuse, and one test that every misuse of torch is covered. */
export function describeMisuses(
  title: string,
  { prefixes, misuses, notApplicable = {}, elsewhere = [] }: Catalogue,
): void {
  describe(title, () => {
    for (const [id, { run, type, text, words }] of Object.entries(misuses)) {
      it(`throws for ${id}`, () => {
        const torch = torchMessage(id);
        tf.tidy(() => {
          expect(run).to.throw(type, text);
          if (words === undefined) return;
          expect(run).to.throw(type, words);
          expect(torch.outcome === 'error' && torch.message).to.include(words);
        });
      });
    }

    it('covers the whole catalogue of torch 2.13', () => {
      const ids = torchMessageIds().filter((id) => prefixes.some((prefix) => id.startsWith(prefix)));
      expect([...Object.keys(misuses), ...Object.keys(notApplicable), ...elsewhere]).to.have.members(ids);
    });
  });
}

/** The warnings that `body` prints. */
export function warningsOf(body: () => void): string[] {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => warnings.push(text);
  try {
    body();
  } finally {
    console.warn = warn;
  }
  return warnings;
}
