import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { checkStateDict, modulesWith, selectKeys } from '../../src/matching/select-keys.js';

const names = (selection: ReturnType<typeof selectKeys>) => [...selection.keys];

describe('checkStateDict', () => {
  it('throws TypeError for anything but a Map', () => {
    expect(() => checkStateDict('f', new Map())).not.to.throw();
    expect(() => checkStateDict('f', [])).to.throw(
      TypeError,
      'f: stateDict: expected a StateDict, a Map from key to tensor, got []. readStateDict(source) makes one of a file, parseStateDict(bytes) of its bytes',
    );
  });

  it('asks to await a promise of a Map', () => {
    expect(() => checkStateDict('f', Promise.resolve(new Map()))).to.throw(
      TypeError,
      /^f: stateDict: expected a StateDict, a Map from key to tensor, got a Promise \(await it\)$/,
    );
  });

  it('throws TypeError for a key that is not a string', () => {
    expect(() => checkStateDict('f', new Map([[1, 2]]))).to.throw(
      TypeError,
      'f: stateDict: expected keys that are strings, got 1',
    );
  });

  it('accepts a Map of another realm', () => {
    expect(() => checkStateDict('f', runInNewContext('new Map([["w", 1]])'))).not.to.throw();
  });
});

describe('selectKeys', () => {
  it('takes all keys as they stand without a prefix', () => {
    const selection = selectKeys(['gru.w', 'fc.w'], ['gru.w']);
    expect(names(selection)).to.deep.equal([
      ['gru.w', 'gru.w'],
      ['fc.w', 'fc.w'],
    ]);
    expect(selection).to.include({ path: '', strippedPrefix: '' });
  });

  it('takes the keys below a prefix and leaves the others to somebody else', () => {
    const selection = selectKeys(['enc.gru.w', 'encoder.gru.w', 'enc.gruw'], ['w'], { prefix: 'enc.gru' });
    expect(names(selection)).to.deep.equal([['w', 'enc.gru.w']]);
    expect(selection.outside).to.deep.equal([]);
  });

  it('strips a wrapper when no wanted key is there as the keys stand', () => {
    for (const wrapper of ['module', '_orig_mod', 'model']) {
      const selection = selectKeys([`${wrapper}.gru.w`], ['gru.w']);
      expect(names(selection)).to.deep.equal([['gru.w', `${wrapper}.gru.w`]]);
      expect(selection).to.include({ path: wrapper, strippedPrefix: wrapper });
    }
  });

  it('strips several wrappers, one inside the other', () => {
    const selection = selectKeys(['model.module._orig_mod.gru.w'], ['gru.w']);
    expect(names(selection)).to.deep.equal([['gru.w', 'model.module._orig_mod.gru.w']]);
    expect(selection.strippedPrefix).to.equal('model.module._orig_mod');
  });

  it('keeps a module that is called like a wrapper', () => {
    const selection = selectKeys(['model.w', 'fc.w'], ['model.w', 'fc.w']);
    expect(names(selection).map(([name]) => name)).to.deep.equal(['model.w', 'fc.w']);
    expect(selection.strippedPrefix).to.equal('');
  });

  it('keeps the keys as they stand where one fits, though more would fit without a wrapper', () => {
    const selection = selectKeys(['a', 'module.b', 'module.c'], ['a', 'b', 'c']);
    expect(selection.strippedPrefix).to.equal('');
  });

  it('strips no other name by itself', () => {
    expect(selectKeys(['net.gru.w'], ['gru.w']).strippedPrefix).to.equal('');
  });

  it('lists what stands beside a stripped wrapper as outside', () => {
    const selection = selectKeys(['model.gru.w', 'criterion.weight'], ['gru.w']);
    expect(selection.outside).to.deep.equal(['criterion.weight']);
  });

  it('finds a wrapper in front of the prefix and behind it', () => {
    const front = selectKeys(['module.enc.w'], ['w'], { prefix: 'enc' });
    expect(front).to.include({ path: 'module.enc', strippedPrefix: 'module' });
    const behind = selectKeys(['enc._orig_mod.w'], ['w'], { prefix: 'enc' });
    expect(behind).to.include({ path: 'enc._orig_mod', strippedPrefix: '_orig_mod' });
    expect(names(behind)).to.deep.equal([['w', 'enc._orig_mod.w']]);
  });

  it('strips nothing with stripPrefix: false', () => {
    expect(selectKeys(['module.w'], ['w'], { stripPrefix: false })).to.include({ strippedPrefix: '' });
  });

  it('strips the given path, known wrapper or not', () => {
    const selection = selectKeys(['net.gru.w', 'loss.w'], ['gru.w'], { stripPrefix: 'net' });
    expect(names(selection)).to.deep.equal([['gru.w', 'net.gru.w']]);
    expect(selection).to.deep.include({ strippedPrefix: 'net', outside: ['loss.w'] });
  });

  it('prefers the wrapper below which more wanted keys are', () => {
    const selection = selectKeys(['module.a', 'model.a', 'model.b'], ['a', 'b']);
    expect(selection.strippedPrefix).to.equal('model');
    expect(selection.equallyGood).to.deep.equal([]);
  });

  it('lists other wrappers below which as many wanted keys are', () => {
    const selection = selectKeys(['module.a', 'model.a', 'model.module.a', 'module.b'], ['a']);
    expect(selection.strippedPrefix).to.equal('module');
    expect(selection.equallyGood).to.deep.equal(['model', 'model.module']);
  });

  it('looks at the first four wrappers of a key, however many there are', () => {
    const chain = (count: number) => Array.from({ length: count }, () => 'module').join('.');
    expect(selectKeys([`${chain(4)}.w`], ['w']).strippedPrefix).to.equal(chain(4));
    expect(selectKeys([`${chain(5)}.w`], ['w']).strippedPrefix).to.equal('');
    // A search through all chains takes minutes here.
    expect(selectKeys([`${chain(200_000)}.x`], ['w']).strippedPrefix).to.equal('');
  });

  it('reads each key once, whatever wrappers the keys combine', () => {
    const wrappers = ['module', '_orig_mod', 'model'];
    let paths = [''];
    for (let depth = 0; depth < 10; depth++)
      paths = paths.flatMap((path) => wrappers.map((wrapper) => `${path}${wrapper}.`));
    const keys = paths.map((path) => `${path}y`);
    let reads = 0;
    const counted = new Proxy(keys, {
      get(target, property, receiver) {
        if (typeof property === 'string' && /^\d+$/.test(property)) reads++;
        return Reflect.get(target, property, receiver);
      },
    });
    expect(selectKeys(counted, ['w', 'b']).strippedPrefix).to.equal('');
    expect(reads).to.be.lessThan(5 * keys.length);
  });
});

describe('modulesWith', () => {
  it('lists the modules that hold every name', () => {
    const keys = ['a.w', 'a.b', 'x.y.w', 'x.y.b', 'only.w', 'w', 'b'];
    expect(modulesWith(keys, ['w', 'b'])).to.deep.equal(['a', 'x.y']);
  });

  it('lists none for no names', () => {
    expect(modulesWith(['a.w'], [])).to.deep.equal([]);
  });
});
