import { expect } from 'chai';
import { blobAccess } from '../../../src/state-dict/sources/blob.js';
import type { ReadProgress, Transfer } from '../../../src/state-dict/sources/stream.js';
import { rejectionOf, utf8 } from '../support.js';

const TRANSFER: Transfer = { where: 'spec', source: 'Blob', maxBytes: 100 };

/** A Blob whose slices are read as told. */
function blobThat(arrayBuffer: () => Promise<ArrayBuffer>): Blob {
  return { size: 8, slice: () => ({ arrayBuffer }) } as unknown as Blob;
}

describe('blobAccess', () => {
  it('reads slices, and no more than them', async () => {
    const told: ReadProgress[] = [];
    const transfer = { ...TRANSFER, onProgress: (progress: ReadProgress) => told.push(progress) };
    const source = blobAccess(new Blob(['abc', 'defgh']), transfer);
    expect(source.size).to.equal(8);
    expect(await source.read([{ begin: 0, end: 3 }])).to.deep.equal([utf8('abc')]);
    expect(told).to.deep.equal([{ loaded: 3 }]);
    await source.close();
  });

  it('tells what broke a slice, as when the file has changed on disk', async () => {
    const cause = new Error('gone');
    const source = blobAccess(
      blobThat(() => Promise.reject(cause)),
      TRANSFER,
    );
    const error = await rejectionOf(source.read([{ begin: 0, end: 2 }]));
    expect(error.message).to.equal('spec: Blob: expected a readable Blob, got Error: gone');
    expect(error.cause).to.equal(cause);
  });

  it("rejects with the signal's reason where a slice breaks after it", async () => {
    const controller = new AbortController();
    const reason = new Error('no longer needed');
    const broken = blobThat(() => {
      controller.abort(reason);
      return Promise.reject(new Error('aborted'));
    });
    const source = blobAccess(broken, { ...TRANSFER, signal: controller.signal });
    expect(await rejectionOf(source.read([{ begin: 0, end: 2 }]))).to.equal(reason);
  });

  it('refuses a slice of another length', async () => {
    const short = blobThat(async () => new ArrayBuffer(1));
    const error = await rejectionOf(blobAccess(short, TRANSFER).read([{ begin: 0, end: 2 }]));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal('spec: Blob: expected 2 bytes from byte 0 on, got 1');
  });
});
