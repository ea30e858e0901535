import { expect } from 'chai';
import { Backoff } from '../../../../src/kernels/host/threads/backoff.js';

/** As much work as a pause counts for one round. */
const ROUND = 1e8;

/** Rounds that are not shared until one is. */
function pauseOf(backoff: Backoff, flops = ROUND): number {
  let rounds = 0;
  while (!backoff.mayShare(flops)) rounds++;
  return rounds;
}

/** A trial of four rounds, each with such a gain. */
function trial(backoff: Backoff, gain: number): void {
  for (let round = 0; round < 4; round++) {
    expect(backoff.mayShare(ROUND), `round ${round}`).to.equal(true);
    backoff.shared(ROUND, 2, 2 + gain);
  }
}

describe('the backoff of threads', () => {
  it('shares every round while sharing gains time', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 25; i++) trial(backoff, 1);
  });

  it('pauses for 4, 8, 16, ... 256 rounds after trials that cost time', () => {
    const backoff = new Backoff();
    const pauses = Array.from({ length: 9 }, () => {
      trial(backoff, -1);
      return pauseOf(backoff);
    });
    expect(pauses).to.deep.equal([4, 8, 16, 32, 64, 128, 256, 256, 256]);
  });

  it('pauses at once where nobody came to share', () => {
    const backoff = new Backoff();
    backoff.fail();
    expect(pauseOf(backoff)).to.equal(4);
  });

  it('pauses for longer where rounds are small', () => {
    const backoff = new Backoff();
    backoff.fail();
    expect(pauseOf(backoff, 1e6)).to.equal(240);
  });

  it('halves the pause after each trial that gains time, until it shares every round again', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 7; i++) backoff.fail();
    pauseOf(backoff);
    const pauses = Array.from({ length: 7 }, () => {
      trial(backoff, 1);
      return pauseOf(backoff);
    });
    expect(pauses).to.deep.equal([128, 64, 32, 16, 8, 4, 0]);
  });

  it('goes by what the rounds of a trial gain together', () => {
    const backoff = new Backoff();
    const share = (gains: readonly number[]) => {
      for (const gain of gains) backoff.shared(ROUND, 5, 5 + gain);
      return pauseOf(backoff);
    };
    expect(share([2, -3, 2, 2]), 'more gained than lost').to.equal(0);
    expect(share([2, -3, 2, -3]), 'more lost than gained').to.equal(4);
  });

  it('goes by the time of such rounds alone, where some have run alone', () => {
    const backoff = new Backoff();
    backoff.ranAlone(ROUND, 3);
    trial(backoff, -1);
    expect(pauseOf(backoff), 'faster than alone, though much was waited').to.equal(0);
    backoff.ranAlone(ROUND, 0.5);
    trial(backoff, 1);
    expect(pauseOf(backoff), 'slower than alone').to.equal(4);
  });

  it('shares hardly any round where every second one loses its processor', () => {
    const backoff = new Backoff();
    let shared = 0;
    for (let round = 0; round < 10_000; round++)
      if (backoff.mayShare(ROUND)) backoff.shared(ROUND, 2, ++shared % 2 === 0 ? 1 : 2.4);
    expect(shared).to.be.at.most(400);
  });
});
