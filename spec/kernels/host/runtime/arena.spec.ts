import { expect } from 'chai';
import fc from 'fast-check';
import { UnsupportedError } from '../../../../src/errors.js';
import { Arena, type ArenaMemory, Scope } from '../../../../src/kernels/host/runtime/arena.js';

class FakeMemory implements ArenaMemory {
  size = 64;
  constructor(readonly limit = 4096) {}
  grow(floats: number): boolean {
    this.size = floats;
    return true;
  }
}

describe('Arena', () => {
  it('never gives out block 0, and gives out whole lines of 16 floats', () => {
    const arena = new Arena(new FakeMemory());
    expect([1, 16, 17, 0].map((floats) => arena.allocate(floats))).to.deep.equal([16, 32, 48, 80]);
    expect(arena.floatsInUse).to.equal(80);
  });

  it('takes the first free block that is large enough, and joins freed neighbours', () => {
    const arena = new Arena(new FakeMemory());
    const blocks = [16, 16, 16, 16].map((floats) => arena.allocate(floats)) as [
      number,
      number,
      number,
      number,
    ];
    arena.release(blocks[0]);
    arena.release(blocks[2]);
    expect(arena.allocate(32)).to.equal(80);
    arena.release(blocks[1]);
    expect(arena.allocate(48)).to.equal(blocks[0]);
  });

  it('throws UnsupportedError with the remedy at its limit, and is usable afterwards', () => {
    const arena = new Arena(new FakeMemory(256));
    const block = arena.allocate(128);
    expect(() => arena.allocate(128)).to.throw(
      UnsupportedError,
      'engine memory: expected 1 MiB more to be free, got 1 MiB in use of 1 MiB. Use a smaller batch or shorter ' +
        "sequences, or implementation: 'reference'",
    );
    expect(arena.floatsInUse).to.equal(128);
    arena.release(block);
    expect(arena.allocate(240)).to.equal(block);
  });

  it('throws for a block that is not in use', () => {
    const arena = new Arena(new FakeMemory());
    const block = arena.allocate(1);
    arena.release(block);
    expect(() => arena.release(block)).to.throw('is no block in use');
  });

  it('keeps blocks apart, and gives all back, whatever the order', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(200), fc.nat(50)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (list) => {
        const arena = new Arena(new FakeMemory(2 ** 20));
        const live: { at: number; floats: number }[] = [];
        for (const [isRelease, floats, which] of list) {
          if (isRelease && live.length > 0) arena.release(live.splice(which % live.length, 1)[0]!.at);
          else live.push({ at: arena.allocate(floats), floats });
          const sorted = [...live].sort((a, b) => a.at - b.at);
          for (const [i, { at, floats: size }] of sorted.entries())
            expect(at + size).to.be.at.most(sorted[i + 1]?.at ?? Infinity);
        }
        for (const { at } of live) arena.release(at);
        expect(arena.floatsInUse).to.equal(0);
        expect(arena.allocate(1000)).to.equal(16);
      }),
    );
  });
});

describe('Scope', () => {
  it('gives back together what it took', () => {
    const arena = new Arena(new FakeMemory());
    const kept = arena.allocate(1);
    const scope = new Scope(arena);
    for (let i = 0; i < 5; i++) scope.allocate(20);
    scope.release();
    scope.release();
    expect(arena.floatsInUse).to.equal(16);
    arena.release(kept);
  });
});
