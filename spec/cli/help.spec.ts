import { expect } from 'chai';
import type { Command } from '../../src/cli/command.js';
import { commandHelp, optionHelp } from '../../src/cli/help.js';

const COMMAND: Command = {
  name: 'make',
  summary: 'makes it',
  usage: 'FILE [options]',
  description: 'Makes it.',
  options: {
    force: { help: 'anyway' },
    to: { argument: 'a|b', help: `one ${'word '.repeat(30).trim()}` },
  },
  examples: 'Example:\n  make x',
  positionals: ['FILE'],
  run: async () => 0,
};

describe('optionHelp', () => {
  it('lists options in two columns, the second wrapped', () => {
    const [title, force, to, ...rest] = optionHelp(COMMAND.options).split('\n');
    expect([title, force]).to.deep.equal(['Options:', '  --force   anyway']);
    expect(to)
      .to.match(/^ {2}--to a\|b {2}one( word)+$/)
      .and.to.have.length.at.most(110);
    for (const line of rest)
      expect(line)
        .to.match(/^ {12}word( word)*$/)
        .and.to.have.length.at.most(110);
    expect([to, ...rest].join(' ').match(/word/g)).to.have.length(30);
  });

  it('shows the letter that stands for an option', () => {
    expect(optionHelp({ help: { short: 'h', help: 'this text' } })).to.equal(
      'Options:\n  -h, --help  this text',
    );
  });
});

describe('commandHelp', () => {
  it('has the usage, the description, the options of every command, and examples', () => {
    const help = commandHelp(COMMAND);
    expect(help).to.match(/^tfjs-torch-rnn make FILE \[options\]\n\nMakes it\.\n\nOptions:\n/);
    expect(help).to.match(/\n\nExample:\n {2}make x$/);
    for (const option of ['--force', '--to a|b', '--json', '-h, --help', '--debug'])
      expect(help).to.include(`  ${option} `);
  });
});
