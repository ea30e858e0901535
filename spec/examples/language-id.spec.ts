import type * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { argmax, computeLogits, softmax } from '../../examples/language-id/classify.js';
import { compare, type HeldOut, readHeldOut } from '../../examples/language-id/held-out.js';
import type { Description } from '../../examples/language-id/model.js';
import { parseOptions } from '../../examples/language-id/options.js';
import { createEncoder } from '../../examples/language-id/text.js';
import { loadClassifier, readDescription } from '../../examples/language-id/trained.js';
import { describeEachBackend } from '../support/backends.js';

/** Every 40th held-out phrase: two of each language, short and long ones. */
function thinOut({ phrases, labels, logits }: HeldOut): HeldOut {
  const keep = (_: unknown, i: number) => i % 40 === 0;
  return { phrases: phrases.filter(keep), labels: labels.filter(keep), logits: logits.filter(keep) };
}

describeEachBackend('examples/language-id: the port', () => {
  let description: Description;
  let heldOut: HeldOut;
  let model: tf.LayersModel;
  let tokens: number[][];

  before(async () => {
    description = await readDescription();
    heldOut = thinOut(await readHeldOut(description.languages));
    tokens = heldOut.phrases.map(createEncoder(description.characters));
    model = await loadClassifier(description);
  });
  after(() => {
    // A skipped suite has loaded none.
    if (model) model.dispose();
  });

  it("gives PyTorch's answers and logits on held-out phrases", async () => {
    const result = compare(heldOut, await computeLogits(model, tokens));
    expect(result.sameAnswers).to.equal(heldOut.phrases.length);
    // Measured: 6e-6 at most on any backend.
    expect(result.maxDifference).to.be.at.most(1e-4);
  });

  it('answers in the order of the phrases, whatever their lengths', async () => {
    const some = [...tokens].sort((a, b) => b.length - a.length).slice(0, 5);
    const together = await computeLogits(model, some);
    for (const [i, row] of some.entries()) {
      const [alone] = await computeLogits(model, [row]);
      expect(argmax(together[i]!)).to.equal(argmax(alone!));
      expect(Math.abs(together[i]![0]! - alone![0]!)).to.be.at.most(1e-4);
    }
  });

  it('has the number of parameters that PyTorch counted', () => {
    expect(model.countParams()).to.equal(description.parameters);
  });
});

describe('examples/language-id/held-out compare', () => {
  const heldOut: HeldOut = {
    phrases: ['short', 'long enough', 'also long enough'],
    labels: [0, 1, 1],
    logits: [Float32Array.of(1, 0), Float32Array.of(0, 2), Float32Array.of(3, 0)],
  };

  it('counts right answers of all and of long phrases', () => {
    expect(compare(heldOut, heldOut.logits)).to.deep.equal({
      accuracy: 2 / 3,
      longAccuracy: 1 / 2,
      sameAnswers: 3,
      maxDifference: 0,
    });
  });

  it('notices one different answer', () => {
    const logits = [Float32Array.of(0, 1), ...heldOut.logits.slice(1)];
    expect(compare(heldOut, logits)).to.include({ sameAnswers: 2, maxDifference: 1 });
  });

  it('takes NaN and missing logits for an infinite difference', () => {
    const broken = [Float32Array.of(1, Number.NaN), ...heldOut.logits.slice(1)];
    expect(compare(heldOut, broken).maxDifference).to.equal(Infinity);
    expect(compare(heldOut, heldOut.logits.slice(1)).maxDifference).to.equal(Infinity);
  });
});

describe('examples/language-id/classify', () => {
  it('turns logits into probabilities without overflow', () => {
    const [low, high] = softmax(Float32Array.of(1000, 1000 + Math.log(3)));
    expect(low).to.be.closeTo(0.25, 1e-4);
    expect(high).to.be.closeTo(0.75, 1e-4);
  });

  it('answers with the first of equal logits, as torch.argmax does', () => {
    expect(argmax(Float32Array.of(-3, -1, -2, -1))).to.equal(1);
  });
});

describe('examples/language-id/options', () => {
  it('runs on wasm unless told otherwise', () => {
    expect(parseOptions([])).to.deep.equal({ backend: 'wasm', phrases: [], help: false });
  });

  it('takes a backend and any number of phrases', () => {
    expect(parseOptions(['--backend', 'cpu', ' guten Tag ', 'bonjour'])).to.deep.equal({
      backend: 'cpu',
      phrases: ['guten Tag', 'bonjour'],
      help: false,
    });
  });

  it('rejects an unknown backend, an unknown option and an empty phrase', () => {
    expect(() => parseOptions(['--backend', 'gpu'])).to.throw(
      RangeError,
      '--backend: expected one of wasm, cpu, tensorflow, got "gpu"',
    );
    expect(() => parseOptions(['--speed'])).to.throw(TypeError, "Unknown option '--speed'");
    expect(() => parseOptions([' '])).to.throw(
      RangeError,
      'phrase: expected some text, got an empty argument',
    );
  });
});
