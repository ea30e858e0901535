import { expect } from 'chai';
import { type Literal, LiteralReader } from '../../../../src/state-dict/formats/numpy/literal.js';
import { errorOf } from '../../support.js';

function read(text: string): [string, Literal][] {
  return [...new LiteralReader(text, 'file').readDict()];
}

function fault(text: string, code = 'INVALID_SYNTAX'): string {
  const error = errorOf(() => read(text));
  expect(error.code, text).to.equal(code);
  return error.message.replace('npy: file: ', '');
}

describe('LiteralReader', () => {
  it('reads strings, True, False and tuples', () => {
    expect(read(`{'a': '<f4', "b": True, 'c': False, 'd': (), 'e': (3,), 'f': (3, 0)}`)).to.deep.equal([
      ['a', { kind: 'string', value: '<f4' }],
      ['b', { kind: 'boolean', value: true }],
      ['c', { kind: 'boolean', value: false }],
      ['d', { kind: 'tuple', value: [] }],
      ['e', { kind: 'tuple', value: [3] }],
      ['f', { kind: 'tuple', value: [3, 0] }],
    ]);
  });

  it('takes white space and last commas wherever Python does', () => {
    expect(read("  {  'a'\t:\r\n( 3 , 2 , ) , }  \n")).to.deep.equal([
      ['a', { kind: 'tuple', value: [3, 2] }],
    ]);
    expect(read("{'a':(3,2)}")).to.deep.equal([['a', { kind: 'tuple', value: [3, 2] }]]);
    expect(read('{}')).to.deep.equal([]);
  });

  it('passes over comments, and the mark of a text of Python 2', () => {
    expect(read("# a\n{u'a': # (1,)\n (3,), # b\r\n 'b#': U\"c\"}#")).to.deep.equal([
      ['a', { kind: 'tuple', value: [3] }],
      ['b#', { kind: 'string', value: 'c' }],
    ]);
  });

  it('reads headers of megabytes: of comments, white space or one text', () => {
    const count = 6e6;
    for (const long of ['#\n'.repeat(count / 2), ' '.repeat(count), '\n'.repeat(count)])
      expect(read(`{'a': ${long}True}`)).to.deep.equal([['a', { kind: 'boolean', value: true }]]);
    expect(read(`{'${'a'.repeat(count)}': True}`)).to.have.length(1);
    expect(fault(`{'a': '${'a'.repeat(count)}`)).to.match(/^expected a string, got /);
  });

  it('stops at a structured dtype', () => {
    for (const value of ["[('a', '<f4')]", "('<f4', (2,))", '((1,),)']) {
      expect(read(`{'a': ${value} anything`)).to.deep.equal([['a', { kind: 'structured' }]]);
    }
  });

  it('keeps names that objects have', () => {
    expect(read("{'__proto__': True}")).to.deep.equal([['__proto__', { kind: 'boolean', value: true }]]);
  });

  it('refuses any other text', () => {
    for (const [text, message] of [
      ['', 'expected {, got its end'],
      ['[]', 'expected {, got "[]"'],
      ['{', 'expected a string, got its end'],
      ["{'a'", 'expected :, got its end'],
      ["{'a': 1}", 'expected a string, True, False or a tuple, got "1}"'],
      ["{'a': Truer}", 'expected a string, True, False or a tuple, got "Truer}"'],
      ["{'a': true}", 'expected a string, True, False or a tuple, got "true}"'],
      ["{'a': None}", 'expected a string, True, False or a tuple, got "None}"'],
      ["{'a': 'b\\n'}", 'expected a string, got "\'b\\\\n\'}"'],
      ["{'a': 'b\"}", 'expected a string, got "\'b\\"}"'],
      ["{'a': True 'b': True}", 'expected a comma or }, got "\'b\': True}"'],
      ["{'a': True,, }", 'expected a string, got ", }"'],
      ["{'a': True} x", 'expected nothing behind the dict, got "x"'],
      ["{'a': True, 'a': True}", 'expected each key once, got "a"'],
      ["{'a': (3)}", 'expected a comma in a tuple of one size, got (3)'],
      ["{'a': (3 2)}", 'expected a comma or ), got "2)}"'],
      ["{'a': (,)}", 'expected an integer of 0 or more, got ",)}"'],
      ["{'a': (3,,)}", 'expected an integer of 0 or more, got ",)}"'],
      ["{'a': (3LL, 2)}", 'expected an integer of 0 or more, got "3LL, 2)}"'],
      ["{'a': (-1,)}", 'expected an integer of 0 or more, got "-1,)}"'],
      ["{'a': (03,)}", 'expected an integer of 0 or more, got "03,)}"'],
      ["{'a': (3.0,)}", 'expected an integer of 0 or more, got "3.0,)}"'],
      ["{'a': (1_0,)}", 'expected an integer of 0 or more, got "1_0,)}"'],
      ["{'a': (3", 'expected a comma or ), got its end'],
    ]) {
      expect(fault(text)).to.equal(message);
    }
  });

  it('refuses more dimensions than a tensor has', () => {
    expect(read(`{'a': (${'1,'.repeat(64)})}`)).to.have.length(1);
    expect(fault(`{'a': (${'1,'.repeat(65)})}`, 'TOO_LARGE')).to.equal(
      'expected at most 64 dimensions, got more',
    );
  });
});
