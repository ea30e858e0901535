import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { inTurn, keeping, lending, release, usingUp, usingUpAll } from '../../src/nn/in-turn.js';
import { describeEachBackend } from '../support/backends.js';

/** Doubles, and notes what it got. */
function doubling(seen: tf.Tensor[]) {
  return (x: tf.Tensor) => {
    seen.push(x);
    return tf.mul(x, 2);
  };
}

const isGone = ({ isDisposed }: tf.Tensor) => isDisposed;

describeEachBackend('intermediate values', () => {
  it('are disposed once the next function has used them, before the one after it begins', async () => {
    const seen: tf.Tensor[] = [];
    const x = tf.tensor1d([1, 2]);
    const before: boolean[] = [];
    const y = inTurn(x, doubling(seen), doubling(seen), (value) => {
      before.push(...seen.map(isGone));
      return tf.add(value, 1);
    });
    expect(before).to.deep.equal([false, true]);
    expect(seen.map(isGone)).to.deep.equal([false, true]);
    expect(Array.from(await y.data())).to.deep.equal([5, 9]);
    tf.dispose([x, y]);
  });

  it('are lent to the function that uses them, which may release them itself', () => {
    const seen: tf.Tensor[] = [];
    const x = tf.tensor1d([1, 2]);
    const y = inTurn(x, doubling(seen), (value) =>
      usingUp(value, doubling(seen), () => {
        expect(value.isDisposed).to.equal(true);
        return tf.scalar(1);
      }),
    );
    expect(x.isDisposed).to.equal(false);
    tf.dispose([x, y]);
  });

  it('stay where a function returns what it gets', () => {
    const x = tf.tensor1d([1, 2]);
    const same = (value: tf.Tensor) => value;
    expect(usingUp(x, same, same)).to.equal(x);
    const y = lending([x], () => usingUp(x, same));
    expect(y.isDisposed).to.equal(false);
    const z = usingUp(x, tf.neg, same);
    release(z);
    expect(z.isDisposed).to.equal(false);
    tf.dispose([x, z]);
  });
});

describeEachBackend('arguments', () => {
  it('are released where they were lent, and else stay', () => {
    const [x, y] = [tf.scalar(1), tf.scalar(2)];
    release(x);
    usingUp(x, tf.neg).dispose();
    expect(x.isDisposed).to.equal(false);
    const sum = lending([x], () => usingUpAll([x, y], tf.neg, tf.add, tf.neg));
    expect([x, y].map(isGone)).to.deep.equal([true, false]);
    tf.dispose([y, sum]);
  });

  it('stay while they are needed, and can be released afterwards', () => {
    const x = tf.scalar(1);
    lending([x], () => {
      keeping([x], () => usingUp(x, tf.neg)).dispose();
      inTurn(x, tf.neg).dispose();
      expect(x.isDisposed).to.equal(false);
      release(x);
    });
    expect(x.isDisposed).to.equal(true);
  });

  it('are their owner’s again once the function is over, or has thrown', () => {
    const [x, y] = [tf.scalar(1), tf.scalar(2)];
    lending([x], () => undefined);
    expect(() =>
      lending([y], () => {
        throw new Error('as told');
      }),
    ).to.throw('as told');
    release(x, y);
    expect([x, y].map(isGone)).to.deep.equal([false, false]);
    tf.dispose([x, y]);
  });
});
