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

describe('the backoff of threads', () => {
  it('shares every round while all go well', () => {
    const backoff = new Backoff();
    for (let round = 0; round < 100; round++) {
      expect(backoff.mayShare(ROUND)).to.equal(true);
      backoff.succeed();
    }
  });

  it('pauses for 1, 2, 4, ... 64 rounds after trials that fail', () => {
    const backoff = new Backoff();
    const pauses = Array.from({ length: 9 }, () => {
      backoff.fail();
      return pauseOf(backoff);
    });
    expect(pauses).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  });

  it('pauses for longer where rounds are small', () => {
    const backoff = new Backoff();
    backoff.fail();
    expect(pauseOf(backoff, 1e6)).to.equal(60);
  });

  it('halves the pause after a trial of four rounds that go well, until it shares every round again', () => {
    const backoff = new Backoff();
    for (let trial = 0; trial < 7; trial++) backoff.fail();
    pauseOf(backoff);
    const pauses: number[] = [];
    for (let trial = 0; trial < 7; trial++) {
      for (let round = 1; round < 4; round++) {
        backoff.succeed();
        expect(backoff.mayShare(ROUND), `round ${round} of trial ${trial}`).to.equal(true);
      }
      backoff.succeed();
      pauses.push(pauseOf(backoff));
    }
    expect(pauses).to.deep.equal([32, 16, 8, 4, 2, 1, 0]);
  });

  it('shares hardly any round where every second one loses its processor', () => {
    const backoff = new Backoff();
    let shared = 0;
    for (let round = 0; round < 10_000; round++)
      if (backoff.mayShare(ROUND)) {
        shared++;
        if (shared % 2 === 0) backoff.fail();
        else backoff.succeed();
      }
    expect(shared).to.be.at.most(400);
  });
});
