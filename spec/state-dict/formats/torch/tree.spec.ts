import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/errors.js';
import type { CheckpointDict, CheckpointNode } from '../../../../src/state-dict/formats/checkpoint.js';
import { buildTree } from '../../../../src/state-dict/formats/torch/tree.js';
import { errorOf } from '../../support.js';
import { bytesOfParts, int, type Part, rootOf, text, tuple } from '../pickle/support.js';
import {
  floats,
  ints,
  openBytes,
  openFile,
  pickledDict,
  storagePart,
  tensorPart,
  torchZip,
} from './support.js';

function treeOf(...parts: readonly Part[]): CheckpointDict {
  return buildTree(rootOf(...parts), new Map());
}

function dictAt(dict: CheckpointDict, ...path: readonly string[]): CheckpointDict {
  return path.reduce((inner, key) => {
    const node = inner.get(key);
    if (node?.kind !== 'dict') throw new Error(`${key}: ${node?.kind}`);
    return node.entries;
  }, dict);
}

function textAt(dict: CheckpointDict, key: string): string | undefined {
  const node = dict.get(key);
  return node?.kind === 'other' ? node.value.text : undefined;
}

const PARAMETER = tensorPart(storagePart('FloatStorage', '7', 1), 0, ints(1), ints(1));

/** An object of a module's attributes, with these parameters. */
function modulePart(...parameters: readonly Part[]): Part {
  const state = [text('_parameters'), '}(', ...parameters, 'u', text('_buffers'), '}', text('_modules'), '}'];
  return bytesOfParts('cmy\nNet\n)\x81}(', ...state, 'ub');
}

function openDict(entries: Record<string, readonly Part[]>): CheckpointDict {
  return openBytes(torchZip(pickledDict(entries), { 'data/7': floats(1) })).root;
}

describe('buildTree', () => {
  it('keeps what stands beside tensors, as text', () => {
    const { root, unknownGlobals } = openFile('checkpoint.pt');
    expect([...root.keys()]).to.deep.equal([
      'epoch',
      'model',
      'optimizer',
      'losses',
      'shape',
      'device',
      'dtype',
      'seed',
      'note',
      'raw',
      '__proto__',
    ]);
    const texts = Object.fromEntries([...root.keys()].map((key) => [key, textAt(root, key)]));
    expect(texts).to.deep.include({
      epoch: '3',
      shape: 'torch.Size((2, 3))',
      device: 'torch.device("cpu")',
      dtype: 'torch.float16',
      seed: '1180591620717411303424',
      note: '"grüß 😀"',
      raw: '2 bytes',
    });
    expect(
      [...dictAt(root, 'losses')].map(([key]) => [key, textAt(dictAt(root, 'losses'), key)]),
    ).to.deep.equal([
      ['0', '0.5'],
      ['1', '0.25'],
    ]);
    expect(unknownGlobals).to.deep.equal([]);
  });

  it('leaves the versions of modules out of a state_dict', () => {
    expect([...openFile('state_dict.pt').root.keys()]).to.not.include('_metadata');
  });

  it('names the classes that it does not know, and goes on', () => {
    const { root, unknownGlobals } = openFile('lightning.ckpt');
    expect(unknownGlobals).to.have.members([
      'pathlib.PurePosixPath',
      'argparse.Namespace',
      'my_project.Config',
      'my_project.Mode',
      'my_project.AttributeDict',
      'datetime.date',
      'numpy._core.multiarray._reconstruct',
      'numpy.ndarray',
      'numpy.dtype',
      'torch.nn.modules.loss.CrossEntropyLoss',
    ]);
    const settings = dictAt(root, 'hyper_parameters');
    expect(settings.get('mode')).to.deep.equal({
      kind: 'other',
      value: { text: 'my_project.Mode("fast")', unknownGlobal: 'my_project.Mode' },
    });
    expect(textAt(dictAt(settings, 'args'), 'name')).to.equal('"gru"');
    expect(textAt(dictAt(settings, 'settings'), 'lr')).to.equal('0.01');
    expect(dictAt(settings, 'config').get('init')?.kind).to.equal('stored');
    expect(settings.get('loss')?.kind).to.equal('dict');
    expect([...dictAt(settings, 'recent').keys()]).to.deep.equal(['0', '1']);
  });

  it('refuses a whole module, and says how to save its weights', () => {
    const error = errorOf(() => openFile('module.pt'));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'torch: file: expected a state_dict, got a whole module, torch.nn.modules.rnn.GRU. ' +
        'Save its state_dict in Python: torch.save(model.state_dict(), "model.pt")',
    );
    expect(errorOf(() => treeOf(modulePart()))).to.be.instanceOf(UnsupportedError);
  });

  it('refuses a module inside where it has weights, and reads past one that has none', () => {
    const root = openDict({
      a: [modulePart(text('weight'), PARAMETER)],
      b: [modulePart(text('weight'), 'N')],
      c: [PARAMETER],
    });
    expect([...root.values()].map(({ kind }) => kind)).to.deep.equal(['refused', 'dict', 'stored']);
  });

  it('refuses what an unknown function makes of a tensor or a storage, and nothing else', () => {
    const root = openDict({
      a: ['cmy\nmake\n', PARAMETER, '\x85R'],
      b: ['cmy\nmake\n', storagePart('FloatStorage', '7', 1), '\x85R'],
      c: ['cmy\nmake\n)R', tuple('N', PARAMETER), 'b'],
      d: ['cmy\nmake\n', int(1), '\x85R'],
      e: ['cmy\nmake\n)RN\x85R'],
      f: ['ccollections\ndeque\n', tuple(PARAMETER), '\x85R'],
      g: ['ctorch.return_types\nmax\n', tuple(PARAMETER, PARAMETER), '}\x86R'],
      h: ['cmy\nSlots\n)\x81](', PARAMETER, 'eb'],
      i: ['ccopyreg\n_reconstructor\ncmy\nDict\ncbuiltins\ndict\n}', text('w'), PARAMETER, 's\x87R'],
    });
    expect([...root.values()].map(({ kind }) => kind)).to.deep.equal([
      'refused',
      'refused',
      'refused',
      'other',
      'other',
      'dict',
      'refused',
      'refused',
      'refused',
    ]);
    expect(root.get('a')).to.have.property('reason', 'what my.make makes of a tensor');
  });

  it('keeps the weights beside a container that is made in an odd way, which is an error where it is asked for', () => {
    const root = openDict({
      model: ['}', text('w'), PARAMETER, 's'],
      recent: ['ccollections\ndeque\n](K\x01K\x02eK\x01\x86R'],
    });
    expect(root.get('model')?.kind).to.equal('dict');
    const recent = root.get('recent');
    expect(recent?.kind).to.equal('other');
    expect(recent).to.have.nested.property('error.code', 'INVALID_CHECKPOINT');
    const odd = openDict({
      model: ['ccollections\nOrderedDict\n}q\x01', text('w'), PARAMETER, 's\x85Rh\x01', text('v'), 'Ns0'],
      ema: ['}', text('w'), PARAMETER, 's'],
    });
    expect(odd.get('model'))
      .to.include({ kind: 'refused' })
      .and.have.nested.property('error.code', 'INVALID_CHECKPOINT');
    expect(errorOf(() => treeOf('ccollections\nCounter\n]K\x01a\x85R'))).to.include({
      code: 'INVALID_CHECKPOINT',
    });
  });

  it('takes a lone tensor, and a list of tensors', () => {
    expect([...openFile('tensor.pt').root.keys()]).to.deep.equal(['tensor']);
    expect([...openFile('list.pt').root.keys()]).to.deep.equal(['0', '1']);
  });

  it('refuses a file of anything else', () => {
    for (const [parts, got] of [
      [['K\x03'], '3'],
      [[text('weights')], '"weights"'],
      [['cos\nsystem\n', text('id'), '\x85R'], 'os.system("id")'],
      [['cos\nsystem\n'], 'os.system'],
    ] as const) {
      expect(errorOf(() => treeOf(...parts))).to.include({
        code: 'INVALID_CHECKPOINT',
        message: `torch: file: expected a dict of tensors, got ${got}`,
      });
    }
  });

  it('makes one Map of a container that the pickle shares, and closes rings', () => {
    const root = treeOf('}q\x01(', text('a'), '}q\x02', text('b'), 'h\x02', text('self'), 'h\x01u');
    expect(dictAt(root, 'a')).to.equal(dictAt(root, 'b'));
    expect(dictAt(root, 'self')).to.equal(root);
    const list = treeOf(']q\x01h\x01a');
    expect(dictAt(list, '0', '0', '0')).to.equal(list);
  });

  it('takes one list for what it is and for the pairs of a dict', () => {
    const pairs = [']q\x01](', text('k'), 'Nea', '0'] as const;
    const root = treeOf(
      ...pairs,
      '}(',
      text('a'),
      'h\x01',
      text('b'),
      'ccollections\nOrderedDict\nh\x01\x85Ru',
    );
    expect([...dictAt(root, 'a').keys()]).to.deep.equal(['0']);
    expect([...dictAt(root, 'b').keys()]).to.deep.equal(['k']);
  });

  it('is as long as the pickle where that doubles at every level, or nests a hundred thousand deep', () => {
    expect(countDicts(treeOf(']', '2\x86'.repeat(100)))).to.equal(101);
    expect(countDicts(treeOf(')', '\x85'.repeat(100_000)))).to.equal(100_001);
    expect(countDicts(treeOf(']'.repeat(100_000), 'a'.repeat(99_999)))).to.equal(100_000);
  });

  it('does not copy what many objects share', () => {
    // A hundred thousand objects with the same ten thousand attributes, and as many made of the same list.
    const state = ['}(', ...Array.from({ length: 10_000 }, (_, i) => bytesOfParts(int(i), 'N')), 'uq\x010'];
    const list = ['](', 'N'.repeat(10_000), 'eq\x020'];
    const object = '(cmy\nC\n)\x81h\x01btcbuiltins\nset\nh\x02\x85R';
    const root = treeOf(...state, ...list, '](', object.repeat(20_000), 'e');
    expect(countDicts(root)).to.equal(20_003);
  });

  it('keeps __proto__ and constructor as the keys they are', () => {
    const root = treeOf('}', text('__proto__'), '}', text('constructor'), 'Nss');
    expect([...root.keys()]).to.deep.equal(['__proto__']);
    expect([...dictAt(root, '__proto__').keys()]).to.deep.equal(['constructor']);
  });
});

function countDicts(root: CheckpointDict): number {
  const seen = new Set([root]);
  for (const dict of seen) {
    for (const node of dict.values() as Iterable<CheckpointNode>)
      if (node.kind === 'dict') seen.add(node.entries);
  }
  return seen.size;
}
