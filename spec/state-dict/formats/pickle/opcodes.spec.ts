import { expect } from 'chai';
import { nameOfOpcode, OPCODES } from '../../../../src/state-dict/formats/pickle/opcodes.js';

describe('OPCODES', () => {
  it('are all 68 of Python, each a byte of its own', () => {
    const bytes = Object.values(OPCODES);
    expect(bytes).to.have.length(68);
    expect(new Set(bytes).size).to.equal(68);
  });

  it('have names, and other bytes do not', () => {
    expect(nameOfOpcode(0x93)).to.equal('STACK_GLOBAL');
    expect(nameOfOpcode(0x0a)).to.equal('0x0a');
  });
});
