import { expect } from 'chai';
import {
  collectStream,
  type DeclaredSize,
  type ReadProgress,
  reasonOf,
  type Transfer,
} from '../../../src/state-dict/sources/stream.js';
import { rejectionOf } from '../support.js';

const TRANSFER: Transfer = { where: 'readStateDict', source: 'URL "u"', maxBytes: 1000 };

/** A stream of pieces of these sizes, bytes counted up from 0; `pulled` tells how many were asked for. */
function streamOf(sizes: readonly number[]) {
  const state = { pulled: 0, cancelled: undefined as unknown };
  let next = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.pulled === sizes.length) return controller.close();
        controller.enqueue(Uint8Array.from({ length: sizes[state.pulled++] }, () => next++ & 0xff));
      },
      cancel(reason) {
        state.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i & 0xff);
}

describe('collectStream', () => {
  for (const declared of [
    undefined,
    { bytes: 600, exact: true },
    { bytes: 600, exact: false },
    { bytes: 10, exact: false },
    { bytes: 5000, exact: false },
  ] satisfies (DeclaredSize | undefined)[]) {
    it(`joins pieces of any size, ${declared ? `declared as ${JSON.stringify(declared)}` : 'nothing declared'}`, async () => {
      const { stream } = streamOf([1, 299, 0, 300]);
      const bytes = await collectStream(stream, TRANSFER, declared);
      expect(bytes).to.deep.equal(counted(600));
      expect(bytes.buffer.byteLength).to.equal(600);
    });
  }

  it('grows past its first buffer when the size is unknown', async () => {
    const { stream } = streamOf([60_000, 60_000, 60_000]);
    const bytes = await collectStream(stream, { ...TRANSFER, maxBytes: 1e6 });
    expect(bytes).to.deep.equal(counted(180_000));
  });

  it('tells progress after each piece, with the total only where it is certain', async () => {
    for (const exact of [true, false]) {
      const told: ReadProgress[] = [];
      const transfer = { ...TRANSFER, onProgress: (progress: ReadProgress) => told.push(progress) };
      await collectStream(streamOf([3, 4]).stream, transfer, { bytes: 7, exact });
      const total = exact ? 7 : undefined;
      expect(told).to.deep.equal([
        { loaded: 3, total },
        { loaded: 7, total },
      ]);
    }
  });

  it('stops a body that runs longer than declared, at once', async () => {
    const { stream, state } = streamOf([6, 6, 6, 6]);
    const error = await rejectionOf(collectStream(stream, TRANSFER, { bytes: 10, exact: true }));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal('readStateDict: URL "u": expected the 10 bytes it declares, got more');
    expect(state.pulled).to.equal(2);
    expect(state.cancelled).to.equal(error);
  });

  it('refuses a body that ends before its declared size', async () => {
    const error = await rejectionOf(
      collectStream(streamOf([6]).stream, TRANSFER, { bytes: 10, exact: true }),
    );
    expect(error.message).to.equal('readStateDict: URL "u": expected the 10 bytes it declares, got 6');
  });

  it('stops a body that runs past the limit, at once', async () => {
    const { stream, state } = streamOf(new Array(100).fill(400));
    const error = await rejectionOf(collectStream(stream, TRANSFER));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal(
      'readStateDict: URL "u": expected at most 1000 bytes (limits.maxBytes), got 1200',
    );
    expect(state.pulled).to.equal(3);
  });

  it('refuses a declared size past the limit before it allocates or reads', async () => {
    const { stream, state } = streamOf([1]);
    const error = await rejectionOf(collectStream(stream, TRANSFER, { bytes: 1e15, exact: true }));
    expect(error.message).to.equal(
      'readStateDict: URL "u": expected at most 1000 bytes (limits.maxBytes), got 1000000000000000',
    );
    expect(state.pulled).to.equal(0);
  });

  it("rejects with the signal's reason and cancels the stream, even while no piece arrives", async () => {
    let cancelled: unknown;
    const stream = new ReadableStream<Uint8Array>({
      cancel(reason) {
        cancelled = reason;
      },
    });
    const controller = new AbortController();
    const promise = rejectionOf(collectStream(stream, { ...TRANSFER, signal: controller.signal }));
    const reason = new Error('no longer needed');
    controller.abort(reason);
    expect(await promise).to.equal(reason);
    expect(cancelled).to.equal(reason);
  });

  it('names the source of a stream that breaks, and keeps the cause', async () => {
    const cause = new TypeError('terminated');
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.error(cause);
      },
    });
    const error = await rejectionOf(collectStream(stream, TRANSFER));
    expect(error.message).to.equal(
      'readStateDict: URL "u": expected the whole body, got TypeError: terminated after 0 bytes',
    );
    expect(error.cause).to.equal(cause);
  });

  it('tells what caused a stream to break', async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }));
      },
    });
    expect((await rejectionOf(collectStream(stream, TRANSFER))).message).to.equal(
      'readStateDict: URL "u": expected the whole body, got TypeError: terminated (UND_ERR_SOCKET) after 0 bytes',
    );
  });

  it('takes pieces that are ArrayBuffers, and refuses pieces that are not bytes', async () => {
    const streamed = (piece: unknown) =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(piece);
          controller.close();
        },
      });
    expect(await collectStream(streamed(counted(3).buffer), TRANSFER)).to.deep.equal(counted(3));
    for (const [piece, got] of [
      ['abc', '"abc"'],
      [[1, 2], '[1, 2]'],
    ]) {
      const error = await rejectionOf(collectStream(streamed(piece), TRANSFER));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.equal(
        `readStateDict: URL "u" body: expected a Uint8Array or ArrayBuffer, got ${got}`,
      );
    }
  });

  it('gives a declared size no more than 256 MiB before its bytes arrive', async () => {
    const before = process.memoryUsage().arrayBuffers;
    let held = Number.NaN;
    const stream = new ReadableStream({
      pull(controller) {
        held = process.memoryUsage().arrayBuffers - before;
        controller.enqueue(counted(3));
        controller.close();
      },
    });
    const transfer = { ...TRANSFER, maxBytes: 2 ** 31 };
    const error = await rejectionOf(collectStream(stream, transfer, { bytes: 2 ** 31, exact: true }));
    expect(error.message).to.equal(
      'readStateDict: URL "u": expected the 2147483648 bytes it declares, got 3',
    );
    expect(held).to.be.below(2 ** 29);
  });

  it('collects 100 MB of a declared size in one buffer, without a second copy', async () => {
    const piece = new Uint8Array(50_000_000).fill(7);
    let left = 2;
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    const stream = new ReadableStream({
      pull(controller) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        controller.enqueue(piece);
        if (--left === 0) controller.close();
      },
    });
    const bytes = await collectStream(stream, { ...TRANSFER, maxBytes: 1e8 }, { bytes: 1e8, exact: true });
    expect(bytes.buffer.byteLength).to.equal(1e8);
    expect(bytes.every((byte) => byte === 7)).to.equal(true);
    expect(most, 'the piece and the buffer').to.be.below(1.1e8);
  });

  it('ends with one buffer of the declared size where that is past what it trusts', async () => {
    const piece = new Uint8Array(100_000_000).fill(7);
    let left = 3;
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(piece);
        if (--left === 0) controller.close();
      },
    });
    const transfer = { ...TRANSFER, maxBytes: 4e8 };
    const bytes = await collectStream(stream, transfer, { bytes: 3e8, exact: true });
    expect(bytes.buffer.byteLength).to.equal(3e8);
    expect([bytes[0], bytes[299_999_999]]).to.deep.equal([7, 7]);
  });
});

describe('reasonOf', () => {
  it('is the error, with the code or else the message of its cause', () => {
    expect(reasonOf(new TypeError('failed'))).to.equal('TypeError: failed');
    const caused = (cause: unknown) => reasonOf(new TypeError('failed', { cause }));
    expect(caused({ code: 'ENOTFOUND', message: 'x' })).to.equal('TypeError: failed (ENOTFOUND)');
    expect(caused(new Error('bad port'))).to.equal('TypeError: failed (bad port)');
    expect(caused(null)).to.equal('TypeError: failed');
  });

  it('shows what is thrown without being an error', () => {
    expect(reasonOf('stop')).to.equal('stop');
    expect(reasonOf(undefined)).to.equal('undefined');
  });
});
