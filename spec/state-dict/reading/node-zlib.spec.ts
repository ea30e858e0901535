import { expect } from 'chai';
import { nodeZlib } from '../../../src/state-dict/reading/node-zlib.js';

describe('nodeZlib', () => {
  const original = process.getBuiltinModule;
  afterEach(() => {
    process.getBuiltinModule = original;
  });

  it('is zlib where the process has it, and undefined elsewhere', () => {
    expect(nodeZlib()).to.equal(original('node:zlib'));
    (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
    expect(nodeZlib()).to.equal(undefined);
  });
});
