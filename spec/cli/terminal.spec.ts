import { expect } from 'chai';
import { progressText, readProgress, terminalOf } from '../../src/cli/terminal.js';
import { recordingTerminal } from './support.js';

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

describe('progressText', () => {
  it('is a share where the total is known, else what has come', () => {
    expect(progressText({ loaded: 2 ** 20, total: 2 ** 22 })).to.equal('25% of 4.0 MiB');
    expect(progressText({ loaded: 4, total: 4 })).to.equal('100% of 4 bytes');
    expect(progressText({ loaded: 5, total: 4 })).to.match(/^100% /);
    expect(progressText({ loaded: 1536 })).to.equal('1.5 KiB');
    expect(progressText({ loaded: 0, total: 0 })).to.equal('0 bytes');
  });
});

describe('readProgress', () => {
  it('shows a step for every MiB, and nothing of small files', () => {
    const { terminal, shown } = recordingTerminal();
    const onProgress = readProgress(terminal);
    for (let loaded = 0; loaded <= 3 * 2 ** 20; loaded += 2 ** 18) onProgress({ loaded });
    expect(shown).to.deep.equal(['1.0 MiB', '2.0 MiB', '3.0 MiB']);
  });
});
