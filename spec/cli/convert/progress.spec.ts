import { expect } from 'chai';
import { progressText, readProgress } from '../../../src/cli/convert/progress.js';
import { recordingTerminal } from '../support.js';

describe('progressText', () => {
  it('is a bar where the total is known, else what has come', () => {
    expect(progressText({ loaded: 2 ** 20, total: 2 ** 22 })).to.equal(
      `[${'#'.repeat(7)}${'.'.repeat(23)}] 25% of 4.0 MiB`,
    );
    expect(progressText({ loaded: 4, total: 4 })).to.equal(`[${'#'.repeat(30)}] 100% of 4 bytes`);
    expect(progressText({ loaded: 5, total: 4 })).to.match(/ 100% /);
    expect(progressText({ loaded: 1536 })).to.equal('1.5 KiB');
    expect(progressText({ loaded: 0, total: 0 })).to.equal('0 bytes');
  });
});

describe('readProgress', () => {
  it('shows a step for every MiB, and nothing of small files', () => {
    const { terminal, shown } = recordingTerminal();
    const onProgress = readProgress(terminal);
    for (let loaded = 0; loaded <= 3 * 2 ** 20; loaded += 2 ** 18) onProgress({ loaded });
    expect(shown).to.deep.equal(['1.0 MiB', '2.0 MiB', '3.0 MiB']);
  });
});
