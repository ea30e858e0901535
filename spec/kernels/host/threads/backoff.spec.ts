import { expect } from 'chai';
import { Backoff } from '../../../../src/kernels/host/threads/backoff.js';

const KIND = 12;
const FLOPS = 1e8;

/** Rounds that run alone, each for so many milliseconds, until one may be shared. */
function pauseOf(backoff: Backoff, took = 1, kind = KIND): number {
  let rounds = 0;
  for (; !backoff.mayShare(kind); rounds++) backoff.ranAlone(kind, FLOPS, took);
  return rounds;
}

/** A trial of four rounds, which take so many milliseconds each and would take 1 alone. */
function trial(backoff: Backoff, took: number, kind = KIND): void {
  for (let round = 0; round < 4; round++) {
    expect(backoff.mayShare(kind), `round ${round}`).to.equal(true);
    backoff.shared(kind, FLOPS, took, 1);
  }
}

/** One that knows what a round takes alone. */
function knowing(): Backoff {
  const backoff = new Backoff();
  backoff.ranAlone(KIND, FLOPS, 1);
  return backoff;
}

describe('the backoff of threads', () => {
  it('shares at once, before anything is known', () => {
    expect(new Backoff().mayShare(KIND)).to.equal(true);
  });

  it('runs a round alone after the first trial, since it went by an estimate', () => {
    const backoff = new Backoff();
    trial(backoff, 0.5);
    expect(pauseOf(backoff)).to.equal(1);
    trial(backoff, 0.5);
    expect(pauseOf(backoff)).to.equal(0);
  });

  it('shares every round while sharing gains time, but one in 65', () => {
    const backoff = knowing();
    const alone: number[] = [];
    for (let round = 0; round < 200; round++)
      if (backoff.mayShare(KIND)) backoff.shared(KIND, FLOPS, 0.6, 1);
      else {
        alone.push(round);
        backoff.ranAlone(KIND, FLOPS, 1);
      }
    expect(alone).to.deep.equal([64, 129, 194]);
  });

  it('runs rounds alone for 32 times what a trial has cost, a second at most', () => {
    const backoff = knowing();
    trial(backoff, 1.25);
    expect(pauseOf(backoff), 'a trial that cost 1 ms').to.equal(32);
    trial(backoff, 3);
    expect(pauseOf(backoff), '8 ms').to.equal(256);
    trial(backoff, 26);
    expect(pauseOf(backoff), '100 ms').to.equal(1000);
  });

  it('costs a 32nd of the time, however much slower sharing is', () => {
    for (const took of [1.01, 1.1, 1.5, 2, 8]) {
      const backoff = knowing();
      let [time, rounds] = [0, 0];
      for (; rounds < 10_000; rounds++) {
        const isShared = backoff.mayShare(KIND);
        if (isShared) backoff.shared(KIND, FLOPS, took, 1);
        else backoff.ranAlone(KIND, FLOPS, 1);
        time += isShared ? took : 1;
      }
      // The last pause is not over.
      expect(time / rounds, `${took} times as long`).to.be.at.most(1.035);
    }
  });

  it('shares at once again after a trial that gains time', () => {
    const backoff = knowing();
    trial(backoff, 20);
    pauseOf(backoff);
    trial(backoff, 0.9);
    expect(pauseOf(backoff)).to.equal(0);
  });

  it('goes by what the rounds of a trial gain together', () => {
    const share = (...times: readonly number[]) => {
      const backoff = knowing();
      for (const took of times) backoff.shared(KIND, FLOPS, took, 1);
      return pauseOf(backoff);
    };
    expect(share(0.5, 2, 0.5, 0.5), 'more gained than lost').to.equal(0);
    expect(share(0.5, 2, 0.5, 1.5), 'more lost than gained').to.equal(16);
  });

  it('goes by the time of rounds alone, not by the estimate, where some have run alone', () => {
    const backoff = new Backoff();
    backoff.ranAlone(KIND, FLOPS, 3);
    trial(backoff, 2);
    expect(pauseOf(backoff), 'slower than the estimate of 1').to.equal(0);
  });

  it('goes by time for each multiplication, so that longer rounds of a kind are judged by shorter ones', () => {
    const backoff = knowing();
    for (let round = 0; round < 4; round++) backoff.shared(KIND, 10 * FLOPS, 6, 1);
    expect(pauseOf(backoff)).to.equal(0);
  });

  it('judges each kind by itself', () => {
    const backoff = knowing();
    trial(backoff, 20);
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

  it('costs 3 percent where every second round loses its processor', () => {
    const backoff = knowing();
    let [time, shared] = [0, 0];
    for (let round = 0; round < 10_000; round++) {
      const took = !backoff.mayShare(KIND) ? undefined : ++shared % 2 === 0 ? 0.5 : 3;
      if (took === undefined) backoff.ranAlone(KIND, FLOPS, 1);
      else backoff.shared(KIND, FLOPS, took, 1);
      time += took ?? 1;
    }
    expect(time / 10_000).to.be.at.most(1 + 1 / 32);
  });
});
