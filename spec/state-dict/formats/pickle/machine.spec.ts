import { expect } from 'chai';
import { asKind } from '../../../../src/state-dict/formats/pickle/values.js';
import { errorOf, workFor } from '../../support.js';
import { bytesOfParts, int, type Part, readBytes, text } from './support.js';

describe('Machine', () => {
  /** The steps of a pickle, of any file. */
  const steps = (...parts: readonly Part[]): number => {
    const work = workFor(0);
    readBytes(bytesOfParts(...parts, '.'), work);
    return work.steps;
  };

  it('spends a step for each instruction, and one more for a dict', () => {
    expect(steps('N0N')).to.equal(4);
    expect(steps('N}]\x87')).to.equal(4 + 1 + 1);
    expect(steps('ca\nb\n)RNNsNNs')).to.equal(10 + (1 + 2 / 64) + 1);
  });

  it('spends what a name takes to compare, wherever a dict or a global has it', () => {
    const key = text('k'.repeat(6400));
    const set = (count: number) => steps('}', key, 'q\x010', ...Array(count).fill('h\x01Ns'));
    expect(set(11) - set(10)).to.equal(3 + 1 + 100);
    const names = [text('m'.repeat(64)), 'q\x010', text('n'.repeat(64)), 'q\x020'];
    const use = (count: number) => steps(...names, ...Array(count).fill('h\x01h\x02\x930'), 'N');
    expect(use(11) - use(10)).to.equal(4 + 1 + 2);
  });

  it('refuses names of modules and classes that none has', () => {
    const named = (length: number) => readBytes(bytesOfParts(`cm\n${'n'.repeat(length)}\n.`));
    expect(named(1023).globals).to.have.length(1);
    expect(errorOf(() => named(1024)).message).to.equal(
      'pickle: spec byte 0 (GLOBAL): expected a module and name of at most 1024 characters, got 1025',
    );
  });

  it('holds ints that are keys as objects, one for one int, whatever they are hashed by', () => {
    const long = bytesOfParts('\x8a\x09', new Uint8Array(8), '\x01');
    const { root } = readBytes(bytesOfParts('}', int(7), 'Ns', int(7), '\x88s', long, 'Ns', long, '\x89s.'));
    expect([...(asKind(root, 'dict')?.entries ?? [])]).to.deep.equal([
      [{ kind: 'int', value: 7 }, true],
      [{ kind: 'int', value: 2n ** 64n }, false],
    ]);
  });

  it('names what Python 3 has renamed by its new name, and makes one object for one name', () => {
    const { globals } = readBytes(bytesOfParts('c__builtin__\nset\n0c__builtin__\nset\n0cos\nsystem\n.'));
    expect(globals).to.deep.equal([
      { kind: 'global', module: '__builtin__', name: 'set', fullName: 'builtins.set' },
      { kind: 'global', module: 'os', name: 'system', fullName: 'os.system' },
    ]);
  });
});
