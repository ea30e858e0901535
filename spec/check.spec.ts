import { expect } from 'chai';
import { checkBoolean, checkInteger, checkKeys, message, show, showFirst, showShape } from '../src/check.js';

describe('check', () => {
  it('writes every message in one form', () => {
    expect(message('GRU.forward', 'h0', 'shape [2]', '[3]')).to.equal(
      'GRU.forward: h0: expected shape [2], got [3]',
    );
    expect(message('a', 'b', 'c', 'd', 'Do e')).to.equal('a: b: expected c, got d. Do e');
  });

  it('shows values briefly and with their type', () => {
    expect(
      [undefined, null, 1.5, 'x', 7n, [1, 'a'], new Map(), {}, Object.create(null)].map(show),
    ).to.deep.equal(['undefined', 'null', '1.5', '"x"', '7n', '[1, "a"]', 'Map', 'Object', 'object']);
    expect(show(Promise.resolve(1))).to.equal('a Promise (await it)');
    expect(show('y'.repeat(200))).to.have.length.below(90);
    expect(show(new Array(100).fill(0))).to.equal('[0, 0, 0, 0, 0, 0, 0, 0, ... 100 entries]');
    expect(show([[1, [2]], 3])).to.equal('[[1, [...]], 3]');
    expect(show(show)).to.equal('function show');
    expect(show(() => 0)).to.equal('function (anonymous)');
  });

  it('shows unknown dimensions as ?', () => {
    expect(showShape([2, null, 3])).to.equal('[2, ?, 3]');
    expect(showShape(new Array(1e6).fill(1))).to.match(/^\[(1, ){16}\.\.\. 1000000 dimensions\]$/);
  });

  it('separates wrong types from wrong values', () => {
    expect(() => checkInteger('f', 'n', '3', 1)).to.throw(TypeError, 'f: n: expected an integer, got "3"');
    expect(() => checkInteger('f', 'n', 0, 1, 'note')).to.throw(
      RangeError,
      'f: n: expected an integer >= 1, got 0. note',
    );
    expect(() => checkInteger('f', 'n', 1.5, 1)).to.throw(RangeError, 'got 1.5');
    expect(() => checkInteger('f', 'n', Number.NaN, 1)).to.throw(RangeError, 'got NaN');
    expect(() => checkInteger('f', 'n', 3, 1)).not.to.throw();
    expect(() => checkBoolean('f', 'b', 0)).to.throw(TypeError, 'f: b: expected a boolean, got 0');
    expect(() => checkBoolean('f', 'b', false)).not.to.throw();
    expect(() => checkKeys('f', { a: 1, c: 2 }, ['a', 'b'])).to.throw(
      TypeError,
      'f: c: expected one of a, b, got unknown option "c"',
    );
    expect(() => checkKeys('f', { toString: 1 }, ['a'], { c: 'Do d' })).to.throw(
      'got unknown option "toString"',
    );
    expect(() => checkKeys('f', { c: 1 }, ['a'], { c: 'Do d' })).to.throw('got unknown option "c". Do d');
    expect(() => checkKeys('f', null, ['a'])).to.throw(TypeError, 'f: options: expected an object, got null');
    expect(() => checkKeys('f', 'a', ['a'])).to.throw(TypeError, 'f: options: expected an object, got "a"');
    expect(() => checkKeys('f', { b: undefined }, ['a', 'b'])).not.to.throw();
  });

  it('shows the first of many things, and how many there are', () => {
    expect(showFirst(['a', 'b'], show)).to.equal('"a", "b"');
    expect(showFirst([1, 2, 3], String, 2)).to.equal('1, 2, ... 3 in all');
    expect(showFirst(Array(8).fill(0), String)).to.equal('0, 0, 0, 0, 0, 0, 0, 0');
    expect(showFirst([], String)).to.equal('');
  });
});
