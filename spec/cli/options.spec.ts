import { expect } from 'chai';
import {
  checkPositionals,
  choiceOf,
  type OptionSpecs,
  parseWords,
  pathOf,
  UsageError,
} from '../../src/cli/options.js';
import { errorOf } from '../state-dict/support.js';

const OPTIONS: OptionSpecs = {
  help: { short: 'h', help: 'this text' },
  force: { help: 'replace' },
  path: { argument: 'KEYS', help: 'the dict' },
  layer: { argument: 'PATH', mayBeEmpty: true, help: 'the layer' },
  select: { argument: 'MODULE', multiple: true, help: 'a module' },
};

function parse(...words: string[]) {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.flag('help')) checkPositionals(parsed, ['IN', 'OUT']);
  return parsed;
}

function messageOf(...words: string[]): string {
  const error = errorOf(() => parse(...words));
  expect(error).to.be.instanceOf(UsageError);
  return error.message;
}

describe('parseWords', () => {
  it('splits options from the rest, in any order', () => {
    const words = parse('a', '--select', 'x', '--force', 'b', '--select=y');
    expect(words.positionals).to.deep.equal(['a', 'b']);
    expect(words.flag('force')).to.equal(true);
    expect(words.flag('help')).to.equal(false);
    expect(words.values('select')).to.deep.equal(['x', 'y']);
    expect(words.value('select')).to.equal('y');
    expect(words.value('path')).to.equal(undefined);
    expect(words.values('path')).to.equal(undefined);
  });

  it('takes what follows -- for no option', () => {
    expect(parse('--', '--a', '-b').positionals).to.deep.equal(['--a', '-b']);
  });

  it('knows the letter of an option', () => {
    for (const help of ['--help', '-h']) expect(parse(help).flag('help')).to.equal(true);
  });

  it('says which option was meant', () => {
    expect(messageOf('a', 'b', '--selct', 'x')).to.equal(
      'There is no option --selct. Did you mean --select?',
    );
    expect(messageOf('a', 'b', '-x')).to.equal('There is no option -x.');
    expect(messageOf('a', 'b', '--constructor')).to.equal('There is no option --constructor.');
    expect(messageOf('a', 'b', '--__proto__')).to.equal('There is no option --__proto__.');
  });

  it('holds options to their values', () => {
    expect(messageOf('a', 'b', '--path')).to.equal('--path needs a value after it.');
    expect(messageOf('a', 'b', '--path=')).to.equal('--path needs a value after it.');
    expect(messageOf('a', 'b', '--path', '--force')).to.equal(
      '--path needs a value after it, and --force looks like an option.',
    );
    expect(parse('a', 'b', '--path=--force').value('path')).to.equal('--force');
    expect(messageOf('a', 'b', '--path', 'x', '--path', 'y')).to.equal('--path is given twice.');
    expect(parse('a', 'b', '--layer=').value('layer')).to.equal('');
    expect(messageOf('a', 'b', '--force=yes')).to.equal('--force takes no value.');
  });

  it('counts the rest', () => {
    expect(messageOf('a')).to.equal('OUT is missing.');
    expect(messageOf('a', 'b', 'c')).to.equal('c is one word too many: expected IN OUT.');
  });
});

describe('choiceOf', () => {
  it('is one of the words, or says which was meant', () => {
    const choices = ['cpu', 'wasm'] as const;
    expect(choiceOf(parse('a', 'b', '--path', 'wasm'), 'path', choices)).to.equal('wasm');
    expect(choiceOf(parse('a', 'b'), 'path', choices)).to.equal(undefined);
    const error = errorOf(() => choiceOf(parse('a', 'b', '--path', 'wsm'), 'path', choices));
    expect(error.message).to.equal('--path is one of cpu, wasm, not wsm. Did you mean wasm?');
  });
});

describe('pathOf', () => {
  const pathIn = (text: string) => pathOf(parse('a', 'b', '--path', text));

  it('is keys joined by slashes, or the list that messages print', () => {
    expect(pathIn('ema/model')).to.deep.equal(['ema', 'model']);
    expect(pathIn('["a/b", "c"]')).to.deep.equal(['a/b', 'c']);
    expect(pathIn('[]')).to.deep.equal([]);
    expect(pathOf(parse('a', 'b'))).to.equal(undefined);
  });

  it('refuses other JSON', () => {
    for (const text of ['[1]', '["a"', '[{}]'])
      expect(errorOf(() => pathIn(text))).to.be.instanceOf(UsageError);
  });
});
