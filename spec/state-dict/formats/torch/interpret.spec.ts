import { expect } from 'chai';
import { interpret } from '../../../../src/state-dict/formats/torch/interpret.js';
import { read } from '../pickle/support.js';

describe('interpret', () => {
  it('lists each name that is not known once, whether or not anything is made of it', () => {
    const names = 'cos\nsystem\n0ctorch\nSize\n0c__builtin__\neval\n0cbuiltins\neval\n0cos\nsystem\n0';
    const checkpoint = interpret(read(names, '}'), new Map());
    expect(checkpoint).to.deep.equal({
      format: 'torch',
      root: new Map(),
      unknownGlobals: ['os.system', 'builtins.eval'],
      warnings: [],
    });
  });
});
