import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  allWords,
  compare,
  digest,
  readTorchAnswers,
  someWords,
  type TorchAnswers,
} from '../../examples/g2p/check.js';
import { G2P } from '../../examples/g2p/model.js';
import { parseOptions } from '../../examples/g2p/options.js';
import { encodeWord, GRAPHEMES, PHONEMES, spellPhonemes, splitWords } from '../../examples/g2p/text.js';
import { askTorch } from '../../examples/g2p/torch.js';
import { describeEachBackend } from '../support/backends.js';
import { type G2PFixture, g2pFixture } from '../support/fixtures.js';

function portOf({ stateDict, sizes }: G2PFixture): G2P {
  const hiddenSize = stateDict.get('decoder.weight_hh')?.shape[1] as number;
  return new G2P(stateDict, { ...sizes, hiddenSize });
}

describeEachBackend('examples/g2p: the port', () => {
  let fixture: G2PFixture;
  let model: G2P;

  before(() => {
    fixture = g2pFixture();
    model = portOf(fixture);
  });
  after(() => {
    // A skipped suite has made none.
    if (model) model.dispose();
  });

  it("gives PyTorch's phonemes for words of different lengths in one batch, from one phoneme to the limit of 20", async () => {
    const lengths = fixture.phonemes.map((phonemes) => phonemes.length);
    expect(lengths).to.include.members([1, 3, 4, 9, 20]);
    expect(await model.predict(fixture.words)).to.deep.equal(fixture.phonemes);
  });

  it('gives a word alone what it gives the word in a batch', async () => {
    for (const [i, word] of fixture.words.entries())
      expect(await model.predict([word])).to.deep.equal([fixture.phonemes[i]]);
  });

  it('stops when every word has ended', async () => {
    const [first] = fixture.words;
    const profile = await tf.profile(() => model.predict([first!]) as never);
    const steps = profile.kernels.filter(({ name }) => name === 'ArgMax').length;
    expect(steps).to.equal(fixture.phonemes[0]!.length + 1);
  });

  it('takes its layers along when it is disposed', () => {
    const before = tf.memory().numTensors;
    portOf(fixture).dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });
});

describe('examples/g2p/text', () => {
  it("knows as many letters and phonemes as g2p-en's embeddings have rows, each once", () => {
    expect(new Set(GRAPHEMES).size).to.equal(29);
    expect(new Set(PHONEMES).size).to.equal(74);
    expect([GRAPHEMES[2], GRAPHEMES[28], PHONEMES[3], PHONEMES[4], PHONEMES[73]]).to.deep.equal([
      '</s>',
      'z',
      '</s>',
      'AA0',
      'ZH',
    ]);
  });

  it('divides a text into words in lower case, without accents and punctuation', () => {
    expect(splitWords("A naïve café-owner; she\u2019s “Élan”, isn't she?")).to.deep.equal([
      'a',
      'naive',
      'cafe',
      'owner',
      "she's",
      'elan',
      "isn't",
      'she',
    ]);
    expect(splitWords("'tis rock 'n' roll & more")).to.deep.equal(['tis', 'rock', 'n', 'roll', 'more']);
    expect(splitWords(' ... ')).to.deep.equal([]);
  });

  it('refuses what the model cannot read', () => {
    const rule = 'text: expected words of the letters a to z, got';
    expect(() => splitWords('in 1984')).to.throw(RangeError, `${rule} "1984". Write numbers as words`);
    expect(() => splitWords('die Straße')).to.throw(RangeError, `${rule} "straße"`);
  });

  it('numbers the letters from 3, closes a word with 2, and reads other characters as unknown', () => {
    expect(encodeWord("abz'")).to.deep.equal([3, 4, 28, 1, 2]);
  });

  it('spells phonemes as the dictionary does', () => {
    expect(spellPhonemes([37, 27, 46, 50])).to.equal('HH EH1 L OW0');
    expect(spellPhonemes([])).to.equal('');
  });
});

describe('examples/g2p/check', () => {
  // The second is a name that every object has.
  const words = ['world', 'constructor', 'hello'];
  const found = ['W ER1 L D', 'K AH0 N S T R AH1 K T ER0', 'HH EH1 L OW0'];
  const torch: TorchAnswers = { answers: { world: 'W ER1 L D', hello: 'HH EH1 L OW0' } };

  it('takes 4,700 words, 588 for a quick run, in the order of the dictionary', () => {
    expect(allWords()).to.have.length(4700);
    expect(someWords()).to.have.length(588);
    expect(allWords()).to.include.members(someWords());
    expect(allWords().slice(0, 3)).to.deep.equal(['a', 'aasen', 'abare']);
  });

  it("counts the dictionary's answers, and PyTorch's where they are known", () => {
    expect(compare(words, found, torch)).to.deep.equal({
      right: 2,
      compared: 2,
      differences: [],
      sameDigest: undefined,
    });
  });

  it('tells which answer differs', () => {
    const { right, differences } = compare(words, ['W ER1 L T', ...found.slice(1)], torch);
    expect(right).to.equal(1);
    expect(differences).to.deep.equal([{ word: 'world', found: 'W ER1 L T', torch: 'W ER1 L D' }]);
  });

  it('notices another answer for a word that only the digest covers', () => {
    const stored = { ...torch, sha256: digest(found) };
    expect(compare(words, found, stored)).to.deep.include({ differences: [], sameDigest: true });
    const other = [found[0]!, 'K AH0 N S T R AH1 K T ER2', found[2]!];
    expect(compare(words, other, stored)).to.deep.include({ differences: [], sameDigest: false });
  });

  it("holds PyTorch's answers for the words of a quick run, 399 of them the dictionary's", async () => {
    const { answers, sha256 } = await readTorchAnswers();
    expect(Object.keys(answers)).to.deep.equal(someWords());
    for (const phonemes of Object.values(answers)) expect(PHONEMES).to.include.members(phonemes.split(' '));
    expect(compare(someWords(), Object.values(answers), { answers })).to.include({
      right: 399,
      compared: 588,
    });
    expect(sha256).to.match(/^[0-9a-f]{64}$/);
  });
});

describe('examples/g2p/torch', () => {
  const given = process.env.TORCH_PYTHON;
  afterEach(() => {
    if (given === undefined) delete process.env.TORCH_PYTHON;
    else process.env.TORCH_PYTHON = given;
  });

  it('says which Python it tried and what to do where that cannot run PyTorch', async () => {
    process.env.TORCH_PYTHON = '/no/such/python';
    const fault = await askTorch(['hello']).catch((error: Error) => error.message);
    expect(fault).to.match(/^\/no\/such\/python cannot ask PyTorch: spawn .* ENOENT\. Run `pip install/);
    expect(fault).to.include('TORCH_PYTHON');
  });

  it('passes on why the script ended', async () => {
    // Node cannot read Python, and its last words are its version.
    process.env.TORCH_PYTHON = process.execPath;
    const fault = await askTorch(['hello']).catch((error: Error) => error.message);
    expect(fault).to.include(` cannot ask PyTorch: Node.js ${process.version}. Run `);
  });
});

describe('examples/g2p/options', () => {
  it('compares 588 words on wasm with the stored answers unless told otherwise', () => {
    const { model, ...others } = parseOptions([]);
    expect(model).to.match(/examples.g2p.model.g2p-en\.safetensors$/);
    expect(others).to.deep.equal({ backend: 'wasm', all: false, torch: false, texts: [], help: false });
  });

  it('takes a backend, a model and any number of texts', () => {
    expect(
      parseOptions(['--backend', 'cpu', '--model', 'm.safetensors', 'good morning', 'sun']),
    ).to.deep.equal({
      backend: 'cpu',
      model: 'm.safetensors',
      all: false,
      torch: false,
      texts: ['good morning', 'sun'],
      help: false,
    });
  });

  it('refuses a text beside what compares words of the dictionary, an unknown backend and an unknown option', () => {
    expect(() => parseOptions(['--all', 'sun'])).to.throw(
      RangeError,
      '--all: expected no text beside it, got "sun"',
    );
    expect(() => parseOptions(['--torch', 'sun'])).to.throw(
      RangeError,
      '--torch: expected no text beside it',
    );
    expect(() => parseOptions(['--backend', 'gpu'])).to.throw(RangeError, '--backend: expected one of wasm');
    expect(() => parseOptions(['--fast'])).to.throw(TypeError, "Unknown option '--fast'");
  });
});
