import { expect } from 'chai';
import { terminalOf } from '../../src/cli/terminal.js';

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => void written.push(text) };
}

describe('terminalOf', () => {
  it('colours what a terminal shows, each stream for itself', () => {
    const terminal = terminalOf(stream(true), stream(false), {});
    expect(terminal.style('red', 'x')).to.equal('\u001b[31mx\u001b[39m');
    expect(terminal.noteStyle('red', 'x')).to.equal('x');
  });

  it('colours nothing under NO_COLOR, and on a terminal that knows no colours', () => {
    for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }])
      expect(terminalOf(stream(true), stream(true), environment).style('red', 'x')).to.equal('x');
    expect(terminalOf(stream(true), stream(true), { NO_COLOR: '' }).style('bold', 'x')).not.to.equal('x');
  });

  it('writes lines to one stream and notes to the other', () => {
    const [out, err] = [stream(false), stream(false)];
    const terminal = terminalOf(out, err, {});
    terminal.line('a');
    terminal.line();
    terminal.note('b');
    expect([out.written, err.written]).to.deep.equal([['a\n', '\n'], ['b\n']]);
  });

  it('shows progress on a terminal alone, and takes it away before a note', () => {
    const [out, pipe, err] = [stream(true), stream(false), stream(true)];
    terminalOf(out, pipe, {}).progress('1%');
    expect([out.written, pipe.written]).to.deep.equal([[], []]);
    const terminal = terminalOf(out, err, {});
    terminal.progress(undefined);
    terminal.progress('1%');
    terminal.note('done');
    terminal.progress(undefined);
    expect(err.written).to.deep.equal(['\r\u001b[K1%', '\r\u001b[K', 'done\n']);
  });
});
