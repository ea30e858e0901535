import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { toStateDict } from '../../src/index.js';
import { loadKerasModel } from '../../src/keras/index.js';
import { disposeModel, handlerOf, kerasFixture } from './fixtures.js';

describe('loadKerasModel', () => {
  it('fetches a URL, with the options of tf.loadLayersModel', async () => {
    const { model: modelJson, weights } = kerasFixture('3', 'tagger');
    const requests: string[] = [];
    const server = createServer(({ url, headers }, response) => {
      requests.push(`${url} ${headers['x-key'] ?? ''}`.trim());
      response.setHeader(
        'content-type',
        url?.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      );
      response.end(url?.endsWith('.json') ? JSON.stringify(modelJson) : Buffer.from(weights));
    }).listen(0);
    await once(server, 'listening');
    const fractions: number[] = [];
    try {
      const model = await loadKerasModel(
        `http://localhost:${(server.address() as AddressInfo).port}/m/model.json`,
        {
          requestInit: { headers: { 'x-key': '7' } },
          onProgress: (fraction) => fractions.push(fraction),
        },
      );
      expect(model.getLayer('bi').weights).to.have.length(8);
      expect(requests).to.deep.equal(['/m/model.json 7', '/m/group1-shard1of1.bin 7']);
      expect(fractions.at(-1)).to.equal(1);
      disposeModel(model);
    } finally {
      server.close();
    }
  });

  it('gives layers whose weights go to PyTorch as those of this package do', async () => {
    const model = await loadKerasModel(handlerOf(kerasFixture('2', 'tagger')));
    const stateDict = await toStateDict(model);
    expect([...stateDict.keys()]).to.deep.equal([
      'embed.weight',
      ...['', '_reverse'].flatMap((suffix) =>
        ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `bi.${name}_l0${suffix}`),
      ),
      ...['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `top.${name}_l0`),
      'tags.weight',
      'tags.bias',
    ]);
    disposeModel(model);
  });
});
