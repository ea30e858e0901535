import { expect } from 'chai';
import { FormatError } from '../../src/errors.js';
import { SERVICES } from '../../src/state-dict/parse.js';
import { readCheckpoint } from '../../src/state-dict/read-checkpoint.js';
import { runSync } from '../../src/state-dict/reading/drive.js';
import { HOSTILE_FILES } from './hostile-files.js';
import { openedFile } from './support.js';

interface Outcome {
  readonly steps: number;
  /** The code of a FormatError, or the name of another error. */
  readonly error?: string;
}

function outcomeOf(bytes: Uint8Array): Outcome {
  const file = openedFile(bytes.length);
  try {
    runSync(readCheckpoint(file, {}), bytes, SERVICES);
  } catch (error) {
    const { name } = error as Error;
    return { steps: file.work.steps, error: error instanceof FormatError ? error.code : name };
  }
  return { steps: file.work.steps };
}

/** Steps of a file that is read, beside those for its bytes: an archive has its own records. */
const FEW_STEPS = 100;

describe('a file that asks for much with few bytes', () => {
  for (const [name, make] of Object.entries(HOSTILE_FILES)) {
    it(`is read in as many steps as fit its size, or stopped at once: ${name}`, () => {
      const [small, large] = [make(10), make(80)];
      const [before, after] = [outcomeOf(small), outcomeOf(large)];
      expect(before.error).to.be.oneOf([
        undefined,
        'RangeError',
        'UnsupportedError',
        'TOO_LARGE',
        'INVALID_TENSOR',
      ]);
      if (after.error === 'TOO_LARGE') expect(after.steps).to.be.below(65_536 + 16 * large.length + 50_000);
      else {
        // Eight times as large, or nearly so.
        const growth = Math.max(8, large.length / small.length);
        expect(after.steps).to.be.at.most(1.3 * growth * before.steps + FEW_STEPS);
      }
    });
  }
});
