import { expect } from 'chai';
import { renameAll } from '../../../src/cli/convert/transform.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { errorOf } from '../../state-dict/support.js';

function named(...names: string[]): StateDict {
  return new Map(names.map((name, i) => [name, { dtype: 'U8', shape: [1], data: Uint8Array.of(i) }]));
}

const renamed = (names: string[], strip?: string) => [...renameAll(named(...names), strip).keys()];

describe('renameAll', () => {
  it('drops a module path from the front, and leaves names without it', () => {
    expect(renamed(['module.a', 'b', 'module.c.d', 'modules.e'], 'module')).to.deep.equal([
      'a',
      'b',
      'c.d',
      'modules.e',
    ]);
    expect(renamed(['a.b.w'], 'a.b')).to.deep.equal(['w']);
    expect(renamed(['a'], undefined)).to.deep.equal(['a']);
  });

  it('refuses a path that no name begins with: it is misspelt', () => {
    expect(errorOf(() => renamed(['a.w'], 'b')).message).to.equal(
      'convert: --strip: expected names that begin with "b.", got none in ["a.w"]',
    );
    expect(errorOf(() => renamed(['a.w'], 'a.')).message).to.match(/--strip: expected a module path without/);
  });

  it('refuses to let two tensors have one name', () => {
    expect(errorOf(() => renamed(['w', 'a.w'], 'a')).message).to.equal(
      'convert: tensor "w": expected one of that name, got two. ' +
        'Leave out --strip, or take one part with --select a',
    );
  });
});
