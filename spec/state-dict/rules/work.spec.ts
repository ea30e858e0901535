import { expect } from 'chai';
import { resolveLimits } from '../../../src/state-dict/rules/limits.js';
import { WorkBudget } from '../../../src/state-dict/rules/work.js';
import { errorOf, workFor } from '../support.js';

const FREE = 65_536;

function refusal(work: WorkBudget, steps: number): string {
  return errorOf(() => work.spend(steps)).message;
}

describe('WorkBudget', () => {
  it('gives any file 65,536 steps, and maxExpansion more for each byte', () => {
    expect(workFor(0).most).to.equal(FREE);
    expect(workFor(1000).most).to.equal(FREE + 16_000);
    expect(workFor(1000, { maxExpansion: 3 }).most).to.equal(FREE + 3000);
  });

  it('gives no file more than 64 steps for each of maxTensors', () => {
    expect(workFor(2 ** 40).most).to.equal(FREE + 6_400_000);
    expect(workFor(2 ** 40, { maxTensors: 10 }).most).to.equal(FREE + 640);
  });

  it('counts the bytes that have arrived of a file whose size is only declared', () => {
    let received = 10;
    const work = new WorkBudget(() => received, resolveLimits('spec'));
    work.spend(FREE + 160);
    expect(refusal(work, 1)).to.match(/^file: content: expected at most 65696 steps .*limits\.maxExpansion/);
    received = 20;
    work.spend(100);
  });

  it('refuses the step after the last, and names the limit to raise', () => {
    const small = workFor(10);
    small.spend(FREE + 160);
    expect(errorOf(() => small.spend(1)).code).to.equal('TOO_LARGE');
    expect(refusal(small, 1)).to.equal(
      'file: content: expected at most 65696 steps for its values and names (limits.maxExpansion), got more. ' +
        'Raise limits.maxExpansion to read it',
    );
    expect(refusal(workFor(1e9, { maxTensors: 1 }), 1e6)).to.match(/Raise limits\.maxTensors to read it$/);
  });

  it('counts what was spent', () => {
    const work = workFor(0);
    work.spend(3);
    work.spendName(640);
    expect(work.steps).to.equal(3 + 1 + 10);
  });
});
