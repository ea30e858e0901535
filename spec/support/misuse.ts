/** Misuses that PyTorch has words for: ours is an error of ours, and holds those words for whoever searches them. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { torchMessage, torchMessageIds } from './fixtures.js';

export interface Misuse {
  readonly run: () => unknown;
  readonly type: typeof TypeError | typeof RangeError;
  readonly text: string;
  /** What users search for: part of torch's text and of ours. Absent where torch's text names Python's own types. */
  readonly words?: string;
}

interface Catalogue {
  /** Which ids of spec/fixtures/torch/messages.json it covers: those that begin so. */
  readonly prefixes: readonly string[];
  readonly misuses: Readonly<Record<string, Misuse>>;
  /** Misuses of torch that cannot be written here, or are legal here too, each with the reason. */
  readonly notApplicable?: Readonly<Record<string, string>>;
  /** Ids whose test stands elsewhere. */
  readonly elsewhere?: readonly string[];
}

/** One test per misuse, and one that none of torch's is left out. */
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
