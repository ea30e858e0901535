import { stat } from 'node:fs/promises';
import { expect } from 'chai';
import { compare, readHeldOut } from '../../examples/language-id/held-out.js';
import type { Description } from '../../examples/language-id/model.js';
import { createEncoder, normalise, PAD, UNKNOWN } from '../../examples/language-id/text.js';
import { readDescription } from '../../examples/language-id/trained.js';
import { readStateDict, type StateDict } from '../../src/state-dict/index.js';

const folder = new URL('../../examples/language-id/', import.meta.url);

async function sizeOf(name: string): Promise<number> {
  return (await stat(new URL(name, folder))).size;
}

describe('examples/language-id: the files of the trained model', () => {
  let description: Description;
  let stateDict: StateDict;

  before(async () => {
    description = await readDescription();
    stateDict = await readStateDict(new URL('model.safetensors', folder));
  });

  it('name at least twelve languages, each once', () => {
    expect(description.languages).to.have.length.of.at.least(12);
    expect(new Set(description.languages).size).to.equal(description.languages.length);
  });

  it('hold a vocabulary of distinct, normalised characters', () => {
    const characters = Array.from(description.characters);
    expect(new Set(characters).size).to.equal(characters.length);
    for (const character of characters) expect(normalise(character)).to.equal(character);
  });

  it('describe the weights: vocabulary, sizes, languages and number of parameters', () => {
    const { characters, languages, embeddingSize, hiddenSize, parameters } = description;
    const shapes = Object.fromEntries([...stateDict].map(([key, { shape }]) => [key, shape]));
    expect(shapes['embedding.weight']).to.deep.equal([Array.from(characters).length + 2, embeddingSize]);
    expect(shapes['gru.weight_ih_l0']).to.deep.equal([3 * hiddenSize, embeddingSize]);
    expect(shapes['gru.weight_hh_l0_reverse']).to.deep.equal([3 * hiddenSize, hiddenSize]);
    expect(shapes['fc.weight']).to.deep.equal([languages.length, 2 * hiddenSize]);
    const count = [...stateDict.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(count).to.equal(parameters);
  });

  it('carry the licence of the data', async () => {
    expect(description.data).to.include('Unicode-3.0');
    expect(await sizeOf('LICENSE-CLDR.txt')).to.be.greaterThan(1000);
  });

  it('stay small', async () => {
    expect(await sizeOf('model.safetensors')).to.be.at.most(2e6);
    expect((await sizeOf('held-out.json')) + (await sizeOf('held-out-logits.safetensors'))).to.be.below(6e5);
  });

  it('hold out at least 1,000 phrases, the same number of each language', async () => {
    const { labels } = await readHeldOut(description.languages);
    expect(labels).to.have.length.of.at.least(1000);
    const counts = description.languages.map((_, label) => labels.filter((other) => other === label).length);
    expect(new Set(counts).size).to.equal(1);
  });

  it('hold out phrases that differ from each other after normalisation', async () => {
    const { phrases } = await readHeldOut(description.languages);
    expect(new Set(phrases.map(normalise)).size).to.equal(phrases.length);
  });

  it('hold out phrases with capital letters, so that comparing them covers the normalisation', async () => {
    const { phrases } = await readHeldOut(description.languages);
    expect(phrases.some((phrase) => normalise(phrase) !== phrase)).to.equal(true);
  });

  it('encode every held-out phrase to at least one index and never to padding', async () => {
    const encode = createEncoder(description.characters);
    const { phrases } = await readHeldOut(description.languages);
    const tokens = phrases.map(encode);
    for (const row of tokens) expect(row).to.have.length.of.at.least(1).and.not.include(PAD);
    expect(tokens.flat().filter((index) => index === UNKNOWN).length).to.be.below(tokens.flat().length / 100);
  });

  it("hold PyTorch's finite logits, right for 82% of the phrases and 89.5% of the long ones", async () => {
    const heldOut = await readHeldOut(description.languages);
    for (const row of heldOut.logits) {
      expect(row).to.have.length(description.languages.length);
      expect(row.every(Number.isFinite)).to.equal(true);
    }
    const { accuracy, longAccuracy } = compare(heldOut, heldOut.logits);
    expect(accuracy).to.be.at.least(0.82);
    expect(longAccuracy).to.be.at.least(0.895);
  });
});
