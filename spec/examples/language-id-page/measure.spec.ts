import { expect } from 'chai';
import { logScale } from '../../../examples/language-id/web/measure/log-scale.js';
import { timeCalls } from '../../../examples/language-id/web/measure/time-calls.js';
import { median, milliseconds } from '../../../examples/language-id/web/numbers.js';

/** A clock that calls move on by themselves: the first by `first`, the others by `each` milliseconds. */
function fakeCalls(first: number, each: number) {
  let [time, calls] = [0, 0];
  const run = async () => {
    time += calls === 0 ? first : each;
    calls++;
  };
  return { run, now: () => time, count: () => calls };
}

describe("examples/language-id: the page's timing of calls", () => {
  it('leaves out the first call, and groups short ones', async () => {
    const fake = fakeCalls(1000, 0.1);
    const { milliseconds, calls } = await timeCalls(fake.run, fake.now);
    expect(milliseconds).to.be.closeTo(0.1, 1e-9);
    expect(calls % 40, 'groups of 4 ms').to.equal(0);
    expect(fake.count()).to.equal(calls + 2);
  });

  it('measures a call once that takes all the time', async () => {
    const fake = fakeCalls(9000, 5000);
    expect(await timeCalls(fake.run, fake.now)).to.deep.equal({ milliseconds: 5000, calls: 1 });
    expect(fake.count()).to.equal(2);
  });

  it('ends on a clock that stands still', async () => {
    const { calls } = await timeCalls(
      async () => {},
      () => 0,
    );
    expect(calls).to.equal(25 * 4000);
  });
});

describe("examples/language-id: the page's numbers", () => {
  it('have a median', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).to.deep.equal([2, 2.5, 7]);
  });

  it('have about three digits', () => {
    expect([0.4168, 17.34, 1580.2].map(milliseconds)).to.deep.equal(['0.42 ms', '17.3 ms', '1,580 ms']);
  });

  it('lie on a scale of powers of ten, with room to the left of the least', () => {
    const scale = logScale([0.4, 20]);
    expect(scale.ticks).to.deep.equal([0.1, 1, 10, 100]);
    expect(scale.place(0.1)).to.equal(0);
    expect(scale.place(1)).to.be.closeTo(1 / 3, 1e-12);
    expect(scale.place(100)).to.equal(1);
    expect(logScale([1]).place(1), 'a power of ten itself').to.equal(1);
  });

  it('have a scale where there is none', () => {
    expect(logScale([]).ticks).to.deep.equal([0.1, 1]);
    expect(logScale([]).place(0)).to.equal(0);
  });
});
