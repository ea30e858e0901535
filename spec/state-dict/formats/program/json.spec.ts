import { expect } from 'chai';
import { strToU8 } from 'fflate';
import { FormatError } from '../../../../src/index.js';
import { Cursor } from '../../../../src/state-dict/formats/program/cursor.js';
import { readJson } from '../../../../src/state-dict/formats/program/json.js';
import { resolveLimits } from '../../../../src/state-dict/rules/limits.js';
import { WorkBudget } from '../../../../src/state-dict/rules/work.js';

function cursorOf(text: string): Cursor {
  const bytes = strToU8(text);
  return new Cursor(readJson(bytes, 'a.json', new WorkBudget(bytes.length, resolveLimits('spec'))), 'a.json');
}

describe('JSON of programs', () => {
  it('keeps integers of 64 bits, and has indices end at the largest of tfjs', () => {
    const cursor = cursorOf('[9223372036854775807, -9223372036854775808, 9007199254740993, 7, 3e9]');
    expect(cursor.value).to.deep.equal([
      9223372036854775807n,
      -9223372036854775808n,
      9007199254740993n,
      7,
      3e9,
    ]);
    expect(cursor.list().map((item) => item.integer())).to.deep.equal([
      2147483647, -2147483647, 2147483647, 7, 2147483647,
    ]);
  });

  it('reads the floats that JSON has no number for', () => {
    const floats = cursorOf('["NaN", "Infinity", "-Infinity", 1.5, 3, 9223372036854775807]').list();
    expect(floats.map((item) => item.float())).to.deep.equal([NaN, Infinity, -Infinity, 1.5, 3, 2 ** 63]);
  });

  it('takes a member that is null for one that is absent', () => {
    expect(cursorOf('{"a": null}').optional('a')).to.equal(undefined);
    expect(cursorOf('{"as_int": 3, "as_none": null}').union()[0]).to.equal('as_int');
  });

  it('keeps members of any name apart from properties of objects', () => {
    const members = cursorOf('{"__proto__": 1, "constructor": 2}').members();
    expect(members.map(([name, value]) => [name, value.integer()])).to.deep.equal([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  for (const [text, read, message] of [
    [
      '{"a": [1, {"b": "c"}]}',
      (c) => c.get('a').list()[1]?.get('b').integer(),
      'a.json: a[1].b: expected an integer, got "c"',
    ],
    ['1.5', (c) => c.integer(), 'a.json: root: expected an integer, got 1.5'],
    ['"nan"', (c) => c.float(), 'a.json: root: expected a number, got "nan"'],
    ['[1]', (c) => c.get('a'), 'a.json: root: expected an object, got a list of 1'],
    ['{}', (c) => c.list(), 'a.json: root: expected a list, got an object'],
    ['1', (c) => c.boolean(), 'a.json: root: expected a boolean, got 1'],
    ['{}', (c) => c.union(), 'a.json: root: expected an object with one member, got an object'],
  ] as const satisfies readonly (readonly [string, (cursor: Cursor) => unknown, string])[])
    it(`says of ${text} what it is not`, () => {
      expect(() => read(cursorOf(text))).to.throw(FormatError, message);
    });

  it('refuses a member that is named twice', () => {
    expect(() => cursorOf('{"a": 1, "a": 2}')).to.throw(FormatError, '"a"');
  });
});
