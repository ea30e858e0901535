import { expect } from 'chai';
import { Backoff } from '../../../../src/kernels/host/threads/backoff.js';

const KIND = 12;
const FLOPS = 1e8;

/** One that knows what a round takes alone. */
function knowing(took = 1): Backoff {
  const backoff = new Backoff();
  backoff.ranAlone(KIND, FLOPS, took);
  return backoff;
}

/** Rounds that run alone, each for a millisecond, until one may be shared. */
function pauseOf(backoff: Backoff, kind = KIND): number {
  let rounds = 0;
  for (; !backoff.mayShare(kind); rounds++) backoff.ranAlone(kind, FLOPS, 1);
  return rounds;
}

/** Shares rounds that take so long in turn, where they would take 1 ms alone. @returns the mean time, and how many were shared. */
function run(backoff: Backoff, times: readonly number[], rounds = 10_000) {
  let [time, shared] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const isShared = backoff.mayShare(KIND);
    const took = isShared ? (times[shared++ % times.length] as number) : 1;
    if (isShared) backoff.shared(KIND, FLOPS, took, 1);
    else backoff.ranAlone(KIND, FLOPS, took);
    time += took;
  }
  return { mean: time / rounds, shared };
}

describe('the backoff of threads', () => {
  it('shares at once, before anything is known, and runs the fifth round alone since it went by an estimate', () => {
    const backoff = new Backoff();
    const isShared = Array.from({ length: 6 }, () => {
      const may = backoff.mayShare(KIND);
      if (may) backoff.shared(KIND, FLOPS, 0.5, 1);
      else backoff.ranAlone(KIND, FLOPS, 1);
      return may;
    });
    expect(isShared).to.deep.equal([true, true, true, true, false, true]);
  });

  it('shares every round while sharing gains time, but one in 65', () => {
    expect(run(knowing(), [0.6], 650).shared).to.equal(640);
  });

  it('runs rounds alone for 32 times what sharing has cost, half a second at most', () => {
    for (const [cost, pause] of [
      [1, 32],
      [8, 256],
      [100, 500],
    ] as const) {
      const backoff = knowing();
      backoff.shared(KIND, FLOPS, 1 + cost, 1);
      expect(pauseOf(backoff), `${cost} ms`).to.equal(pause);
    }
  });

  it('costs a 32nd of the time, however much slower sharing is', () => {
    // The last pause is not over.
    for (const took of [1.01, 1.1, 1.5, 2, 8])
      expect(run(knowing(), [took]).mean, `${took} times as long`).to.be.at.most(1.035);
  });

  it('costs a 32nd of the time where most rounds lose their processor', () => {
    expect(run(knowing(), [0.5, 3]).mean).to.be.at.most(1.035);
  });

  it('goes on where a round now and then loses its processor, and the others gain more', () => {
    const { mean, shared } = run(knowing(), [...new Array<number>(30).fill(0.55), 5]);
    expect(shared).to.be.at.least(9800);
    expect(mean).to.be.at.most(0.72);
  });

  it('pays for a loss by no more than 10 ms of what was gained before', () => {
    const backoff = knowing();
    for (let round = 0; round < 60; round++) backoff.shared(KIND, FLOPS, 0.5, 1);
    backoff.shared(KIND, FLOPS, 12, 1);
    expect(pauseOf(backoff)).to.equal(32);
  });

  it('shares at once again when the debt is paid', () => {
    const backoff = knowing();
    backoff.shared(KIND, FLOPS, 20, 1);
    pauseOf(backoff);
    expect(run(backoff, [0.9], 64).shared).to.equal(64);
  });

  it('goes by the time of rounds alone, not by the estimate, where some have run alone', () => {
    const backoff = knowing(3);
    backoff.shared(KIND, FLOPS, 2, 1);
    expect(pauseOf(backoff), 'slower than the estimate of 1').to.equal(0);
  });

  it('goes by time for each multiplication, so that longer rounds of a kind are judged by shorter ones', () => {
    const backoff = knowing();
    backoff.shared(KIND, 10 * FLOPS, 6, 1);
    expect(pauseOf(backoff)).to.equal(0);
  });

  it('shares short rounds for half a millisecond before it judges them, as the first ones after a sleep are slow', () => {
    const backoff = knowing(0.02);
    for (const took of [0.05, 0.03, 0.025, 0.025, ...new Array<number>(50).fill(0.01)]) {
      expect(backoff.mayShare(KIND)).to.equal(true);
      backoff.shared(KIND, FLOPS, took, 1);
    }
  });

  it('judges each kind by itself', () => {
    const backoff = knowing();
    backoff.shared(KIND, FLOPS, 20, 1);
    expect(backoff.mayShare(KIND)).to.equal(false);
    expect(backoff.mayShare(KIND + 1)).to.equal(true);
  });

  it('pauses for 8 ms where nobody came to share', () => {
    const backoff = knowing();
    backoff.fail(KIND);
    expect(pauseOf(backoff)).to.equal(8);
  });

  it('keeps no more than 64 kinds', () => {
    const backoff = new Backoff();
    for (let kind = 0; kind < 64; kind++) backoff.fail(kind);
    expect(backoff.mayShare(0)).to.equal(false);
    backoff.fail(64);
    expect(backoff.mayShare(0), 'forgotten').to.equal(true);
  });
});
