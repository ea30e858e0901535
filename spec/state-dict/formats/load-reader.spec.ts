import { expect } from 'chai';
import { loadReader } from '../../../src/state-dict/formats/load-reader.js';
import { readerAtHand } from '../../../src/state-dict/formats/readers.js';
import { SERVICES } from '../../../src/state-dict/parse.js';
import { readCheckpoint } from '../../../src/state-dict/read-checkpoint.js';
import { runAsync } from '../../../src/state-dict/reading/drive.js';
import type { ReaderName } from '../../../src/state-dict/reading/reading.js';
import { memoryAccess } from '../../../src/state-dict/sources/ranges.js';
import { fixtureBytes } from '../../support/node/files.js';
import { fixture, openedFile, utf8 } from '../support.js';

/** The modules that reading a file loads. */
async function loadedFor(bytes: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  const load = async (name: ReaderName): Promise<object> => {
    names.push(name);
    return loadReader(name);
  };
  const file = openedFile(bytes.length);
  const inflate = async (request: Parameters<typeof SERVICES.inflate>[0]) => SERVICES.inflate(request);
  await runAsync(readCheckpoint(file, { onReport: () => {} }), memoryAccess(bytes), { inflate, load });
  return names;
}

describe('loadReader', () => {
  it('loads the modules that parseStateDict has at hand', async () => {
    for (const name of ['json', 'python'] as const)
      expect(await loadReader(name)).to.have.keys(...Object.keys(readerAtHand(name)));
  });

  it('is asked for nothing by a safetensors file, and for one module by the others', async () => {
    expect(await loadedFor(fixture('reference/module.safetensors'))).to.deep.equal([]);
    expect(await loadedFor(utf8('{"a":[1]}'))).to.deep.equal(['json']);
    expect(await loadedFor(fixtureBytes('cli/checkpoint.pt'))).to.deep.equal(['python']);
  });
});
