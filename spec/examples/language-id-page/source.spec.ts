import { expect } from 'chai';
import { parseDictPath } from '../../../examples/language-id/web/file/reading/dict-path.js';
import type { PickedFile } from '../../../examples/language-id/web/file/reading/protocol.js';
import { fetchFrom, findSource } from '../../../examples/language-id/web/file/reading/source.js';
import { readStateDict, type StateDict, writeSafetensors } from '../../../src/state-dict/index.js';

function picked(path: string, content: BlobPart = ''): PickedFile {
  return { path, file: new File([content], path.split('/').at(-1)!) };
}

/** A tensor of one value. */
function weights(name: string, value: number): BlobPart {
  const stateDict: StateDict = new Map([[name, { dtype: 'F32', shape: [1], data: Float32Array.of(value) }]]);
  return writeSafetensors(stateDict) as BlobPart;
}

function sourceOf(...files: PickedFile[]) {
  const found = findSource(files);
  if (found.kind !== 'source') throw new Error('a source was expected');
  return found;
}

describe("examples/language-id: the page's source of picked files", () => {
  it('is one file, whatever its name', () => {
    const one = picked('weights');
    expect(sourceOf(one)).to.deep.equal({ kind: 'source', source: one.file, name: 'weights' });
  });

  it('is the only file of a folder with the name of a weight file', () => {
    const weightFile = picked('model/pytorch_model.bin');
    expect(sourceOf(picked('model/README.md'), weightFile).source).to.equal(weightFile.file);
  });

  it('is to be chosen among several', () => {
    const files = [picked('runs/a.pt'), picked('runs/b.npz'), picked('runs/c.safetensors.gz')];
    expect(findSource([...files, picked('runs/log.txt')])).to.deep.equal({ kind: 'choose', files });
  });

  it('is none without such a name', () => {
    expect(() => findSource([picked('a/x.txt'), picked('a/y')])).to.throw(
      RangeError,
      'folder: expected a file called *.safetensors, *.pt, *.npz, *.json or the like, got 2 others',
    );
  });

  it('is the index of a model in several files, with the files beside it', async () => {
    const index = JSON.stringify({ weight_map: { a: '1.safetensors', b: '2.safetensors' } });
    const { source, fetch } = sourceOf(
      picked('model/2.safetensors', weights('b', 2)),
      picked('model/1.safetensors', weights('a', 1)),
      picked('model/model.safetensors.index.json', index),
      picked('model/older/model.safetensors.index.json', 'not this one'),
    );
    // Node reads a name as a path, where a browser reads it as a URL.
    const stateDict = await readStateDict(`http://folder/${source}`, {
      fetch: (url, init) => fetch!(url.replace('http://folder/', ''), init),
    });
    expect([...stateDict].map(([name, { data }]) => [name, data[0]])).to.deep.equal([
      ['a', 1],
      ['b', 2],
    ]);
  });
});

describe('examples/language-id: files served by name', () => {
  const fetch = fetchFrom(new Map([['x', new Blob(['0123456789'])]]));
  const part = (range: string) => fetch('x', { headers: { Range: range } });

  it('are whole, or the part that is asked for', async () => {
    expect(await (await fetch('x')).text()).to.equal('0123456789');
    const response = await part('bytes=2-4');
    expect([response.status, response.headers.get('content-range')]).to.deep.equal([206, 'bytes 2-4/10']);
    expect(await response.text()).to.equal('234');
  });

  it('end where the file does', async () => {
    expect(await (await part('bytes=8-99')).text()).to.equal('89');
    expect((await part('bytes=10-11')).status).to.equal(416);
  });

  it('are not found under other names', async () => {
    expect((await fetch('y')).status).to.equal(404);
  });
});

describe("examples/language-id: the page's path of a dict", () => {
  it('is keys joined by slashes, a JSON list, or nothing', () => {
    expect(parseDictPath('ema/model')).to.deep.equal(['ema', 'model']);
    expect(parseDictPath('["a/b", "c"]')).to.deep.equal(['a/b', 'c']);
    expect(parseDictPath('[]')).to.deep.equal([]);
    expect(parseDictPath(' ')).to.equal(undefined);
    expect(parseDictPath('[x')).to.deep.equal(['[x']);
  });
});
