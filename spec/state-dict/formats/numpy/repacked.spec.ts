import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import { numpyFixture } from './support.js';

/** Names and elements that Python's zipfile finds in each archive. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, number[]>>>> = JSON.parse(
  readFileSync(new URL('../../../fixtures/numpy/repacked/expected.json', import.meta.url), 'utf8'),
);

describe('npz archives that numpy did not write', () => {
  for (const [name, arrays] of Object.entries(EXPECTED)) {
    it(`are read as Python's zipfile reads them: ${name}`, () => {
      const stateDict = parseStateDict(numpyFixture(`repacked/${name}.npz`));
      const found = [...stateDict].map(([key, { data }]) => [key, [...(data as Float32Array)]]);
      expect(Object.fromEntries(found)).to.deep.equal(arrays);
      expect(stateDict.size).to.equal(Object.keys(arrays).length);
    });
  }
});
