import { expect } from 'chai';
import { readList, scanList } from '../../../../src/state-dict/formats/json/list.js';
import { JsonReader } from '../../../../src/state-dict/formats/json/reader.js';
import type { TorchDtype } from '../../../../src/state-dict/tensors/tensor.js';
import { errorOf, utf8, workFor } from '../../support.js';

const OPTIONS = { where: 'json', unit: 'byte', maxDepth: 64, work: workFor(0), pythonNumbers: true };

function read(text: string, dtype: TorchDtype = 'F32') {
  const scanned = new JsonReader(utf8(text), OPTIONS);
  const { shape, scalars, isRegular } = scanList(scanned);
  scanned.expectEnd();
  const data = readList(new JsonReader(utf8(text), OPTIONS), 'weight_hh_l0', dtype, scalars);
  expect(isRegular).to.equal(true);
  return { shape, data };
}

describe('scanList and readList', () => {
  it('reads elements in row-major order at any rank', () => {
    expect(read('[[[1,2,3]],[[4,5,6]]]')).to.deep.equal({
      shape: [2, 1, 3],
      data: Float32Array.of(1, 2, 3, 4, 5, 6),
    });
    expect(read('7')).to.deep.equal({ shape: [], data: Float32Array.of(7) });
    expect(read('[[[]],[[]]]')).to.deep.equal({ shape: [2, 1, 0], data: new Float32Array(0) });
  });

  it('reads rank 60', () => {
    const { shape } = read(`${'['.repeat(60)}1${']'.repeat(60)}`);
    expect(shape).to.deep.equal(new Array(60).fill(1));
  });

  describe('names the place of', () => {
    const cases: [string, string, string, string][] = [
      [
        'a list that is too short',
        '[[[1,2]],[[1,2]],[[1,2]],[[1]]]',
        'INVALID_TENSOR',
        '[3][0]: expected 2 numbers like its siblings, got 1',
      ],
      [
        'a list that is too long',
        '[[1,2],[3,4,5]]',
        'INVALID_TENSOR',
        '[1]: expected 2 numbers like its siblings, got 3',
      ],
      [
        'a list with too few lists',
        '[[[1],[2]],[[3]]]',
        'INVALID_TENSOR',
        '[1]: expected 2 lists like its siblings, got 1',
      ],
      [
        'a list that should be empty',
        '[[],[1]]',
        'INVALID_TENSOR',
        '[1]: expected 0 numbers like its siblings, got 1',
      ],
      [
        'a number among lists',
        '[[1],2]',
        'INVALID_TENSOR',
        '[1]: expected a list like its siblings, got a number',
      ],
      [
        'a list among numbers',
        '[[1,[2]]]',
        'INVALID_TENSOR',
        '[0][1]: expected a number like its siblings, got a list',
      ],
      ['a boolean among numbers', '[1,true]', 'INVALID_TENSOR', '[1]: expected a number, got true'],
      ['text among numbers', '[1,"2"]', 'INVALID_TENSOR', '[1]: expected a number or a list, got string'],
      [
        'null, with the cause',
        '[[0],[null]]',
        'INVALID_TENSOR',
        '[1][0]: expected a number or a list, got null. JSON.stringify writes NaN and Infinity as null: write NaN, Infinity or -Infinity, as Python does',
      ],
    ];
    for (const [fault, text, code, message] of cases) {
      it(fault, () => {
        const reader = new JsonReader(utf8(text), OPTIONS);
        // A boolean among numbers is wrong for one dtype, and not for every one.
        expect(scanList(reader).isRegular).to.equal(text === '[1,true]');
        reader.expectEnd();
        const error = errorOf(() => read(text));
        expect(error.message).to.equal(`json: tensor "weight_hh_l0"${message}`);
        expect(error.code).to.equal(code);
      });
    }
  });
});
