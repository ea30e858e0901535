import { expect } from 'chai';
import { type KerasVersion, kerasRule, readsMasks } from '../../src/keras/masks/rules.js';
import { TFJS_MASK_RULES } from '../../src/layers/masks/mask-rules.js';
import { fixtureText } from '../support/node/files.js';

/** What scripts/fixtures/make_keras_masks.py found by trying each layer of Keras. */
type Tried = Readonly<Record<string, { readonly out: boolean; readonly reads: boolean }>>;

const TRIED: Readonly<Record<string, Tried>> = JSON.parse(fixtureText('keras/masks.json'));

/** Layers with several inputs or with ids, whose masks the networks of spec/fixtures/keras show; and models. */
const ELSEWHERE =
  'Add Average CategoryEncoding Concatenate Dot Embedding Functional Masking Maximum Minimum Model Multiply RandomWidth Sequential';

describe('the rules of Keras for masks', () => {
  for (const version of [2, 3] as const) {
    const tried = Object.entries(TRIED[version] as Tried);
    it(`are those of each layer that was tried, Keras ${version}`, () => {
      const rules = tried.map(([class_name, { out, reads }]) => {
        const layer = { class_name, config: { return_sequences: true } };
        const isKept = ['keeps', 'sequence'].includes(kerasRule(layer, version as KerasVersion));
        return [
          class_name,
          { out: isKept, reads: readsMasks(layer, version as KerasVersion) },
          { out, reads },
        ] as const;
      });
      for (const [name, ours, keras] of rules) expect(ours, name).to.deep.equal(keras);
    });
  }

  it('were found by trying every layer that tfjs has', () => {
    const names = [...Object.keys(TRIED[2] as Tried), ...ELSEWHERE.split(' ')];
    expect(names.sort()).to.deep.equal([...TFJS_MASK_RULES.keys()].sort());
  });
});
