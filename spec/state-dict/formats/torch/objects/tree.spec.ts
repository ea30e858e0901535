import { expect } from 'chai';
import type { CheckpointDict, CheckpointNode } from '../../../../../src/state-dict/formats/checkpoint.js';
import { interpret } from '../../../../../src/state-dict/formats/torch/objects/tree.js';
import { errorOf, openedFile } from '../../../support.js';
import { bytesOfParts, int, type Part, read, text, tuple } from '../../pickle/support.js';
import {
  floats,
  ints,
  openBytes,
  openFile,
  pickledDict,
  storagePart,
  tensorPart,
  torchZip,
} from '../support.js';

function treeOf(...parts: readonly Part[]): CheckpointDict {
  return interpret(read(...parts), new Map(), openedFile(bytesOfParts(...parts).length)).root;
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
  return node?.kind === 'other' ? node.text : undefined;
}

const PARAMETER = tensorPart(storagePart('FloatStorage', '7', 1), 0, ints(1), ints(1));

/** An object of a module's attributes, with these parameters. */
function modulePart(...parameters: readonly Part[]): Part {
  const state = [text('_parameters'), '}(', ...parameters, 'u', text('_buffers'), '}', text('_modules'), '}'];
  return bytesOfParts('cmy\nNet\n)\x81}(', ...state, 'ub');
}

/** A list of one pair, which the memo holds at 1. */
const LIST_OF_PAIRS = [']q\x01](', text('k'), 'Nea0'] as const;

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
    expect(root.get('losses')).to.include({ kind: 'numbers', text: '[0.5, 0.25]' });
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
    ]);
    const settings = dictAt(root, 'hyper_parameters');
    expect(textAt(settings, 'mode')).to.equal('my_project.Mode("fast")');
    expect(textAt(settings, 'args')).to.equal('argparse.Namespace()');
    expect(settings.get('config')).to.include({
      kind: 'refused',
      reason: 'what my_project.Config makes of a tensor',
      isObject: true,
    });
    expect(dictAt(settings, 'loss').size).to.equal(0);
    expect(settings.get('recent')?.kind).to.equal('other');
  });

  it('takes a whole module for its parameters, and remembers that it is one', () => {
    const { root, modules, warnings } = openFile('module.pt');
    expect([...root.keys()]).to.deep.equal(['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']);
    expect(modules?.has(root)).to.equal(true);
    expect(warnings).to.deep.equal([
      'Read as data: a whole module of class torch.nn.modules.rnn.GRU. The code of classes, such as forward, is not read. ' +
        'Names are those of state_dict(), unless a class changes them, which the file does not tell.',
    ]);
  });

  it('takes a module inside, and nothing for a parameter that is None', () => {
    const root = openDict({
      a: [modulePart(text('weight'), PARAMETER)],
      b: [modulePart(text('weight'), 'N')],
      c: [PARAMETER],
    });
    expect([...root.values()].map(({ kind }) => kind)).to.deep.equal(['dict', 'dict', 'stored']);
    expect([...dictAt(root, 'a').keys()]).to.deep.equal(['weight']);
    expect([...dictAt(root, 'b').keys()]).to.deep.equal([]);
  });

  it('refuses every object that a tensor or a storage is in, and reads past the others', () => {
    const refused: Record<string, readonly Part[]> = {
      argument: ['cmy\nmake\n', PARAMETER, '\x85R'],
      storage: ['cmy\nmake\n', storagePart('FloatStorage', '7', 1), '\x85R'],
      state: ['cmy\nmake\n)R', tuple('N', PARAMETER), 'b'],
      attribute: ['cmy\nClass\n)\x81}', text('w'), PARAMETER, 'sb'],
      deep: ['cmy\nClass\n)\x81}', text('w'), ']}K\x01', PARAMETER, 'sasb'],
      deque: ['ccollections\ndeque\n](', PARAMETER, 'e\x85R'],
      counter: ['ccollections\nCounter\n}', text('w'), PARAMETER, 's\x85R'],
      subclass: ['cmy\nDict\n)\x81', text('w'), PARAMETER, 's'],
      appended: ['cmy\nList\n)\x81', PARAMETER, 'a'],
      keyword: ['cmy\nmake\n)}', text('w'), PARAMETER, 's\x92'],
      namedTuple: ['ctorch.return_types\nmax\n', tuple(PARAMETER, PARAMETER), '}\x86R'],
      set: ['\x8f(', PARAMETER, '\x90'],
      key: ['}', PARAMETER, 'Ns'],
      oddKey: ['}N', PARAMETER, 's'],
      twoKeys: ['}(K\x00', PARAMETER, text('0'), 'Nu'],
      changed: [
        ']q\x01',
        tuple(text('a'), PARAMETER),
        'a0ccollections\nOrderedDict\nh\x01\x85Rh\x01',
        tuple(text('b'), 'N'),
        'a0',
      ],
    };
    const other: Record<string, readonly Part[]> = {
      call: ['cmy\nmake\n', int(1), '\x85R'],
      called: ['cmy\nmake\n)RN\x85R'],
      counts: ['ccollections\nCounter\n}', int(30), 'K\x01s\x85R'],
      ring: ['cmy\nClass\n)\x81q\x02}', text('self'), 'h\x02sb'],
      noNames: ['}NNs'],
      bareStorage: [storagePart('FloatStorage', '7', 1)],
      bareStorageInside: ['ctorch.storage\n_load_from_bytes\nC\x00\x85R'],
    };
    const root = openDict({ ...refused, ...other, w: [PARAMETER] });
    for (const name of Object.keys(refused)) expect(root.get(name)?.kind, name).to.equal('refused');
    for (const name of Object.keys(other)) expect(root.get(name)?.kind, name).to.equal('other');
    expect(root.get('argument')).to.have.property('reason', 'what my.make makes of a tensor');
    expect(root.get('oddKey')).to.have.property(
      'reason',
      'a container of a tensor that is neither a list nor a dict with names as keys',
    );
  });

  it('refuses items that are set in what a call made, also where it is left out', () => {
    const setters = ['K\x00K\x63s', 'K\x63a', '(K\x63\x90', '(K\x00K\x63u'];
    const makers: readonly Part[] = [
      PARAMETER,
      'ctorch.storage\n_load_from_bytes\nC\x00\x85R',
      'cbuiltins\nbytearray\nC\x00\x85R',
      bytesOfParts('c_codecs\nencode\n', tuple(text('a'), text('latin1')), 'R'),
      'cnumpy.core.multiarray\n_reconstruct\n)R',
      'cbuiltins\nset\n]\x85R',
      'ctorch\nSize\n)R',
    ];
    for (const maker of makers) {
      for (const setter of setters) {
        const error = errorOf(() => treeOf(maker, setter, '0}'));
        expect(error.message).to.match(
          /^torch: pickle: expected elements that are left as they were made, got /,
        );
      }
    }
    for (const maker of ['cmy\nDict\n)\x81', 'ccollections\ndeque\n)R', 'ccollections\nCounter\n)R'])
      for (const setter of setters) expect(treeOf(maker, setter, '0}').size).to.equal(0);
  });

  it('refuses attributes of a module, and a set of its buffers, that are changed after they were taken', () => {
    const buffers = ['}(', text('w'), PARAMETER, text('v'), PARAMETER, 'u'];
    const state = (left: Part): Part[] => [
      ...['}(', text('_parameters'), '}', text('_buffers'), ...buffers, text('_modules'), '}'],
      ...[text('_non_persistent_buffers_set'), left, 'u'],
    ];
    const list = [']q\x01', text('w'), 'a0', 'cmy\nNet\n)\x81', ...state('cbuiltins\nset\nh\x01\x85R'), 'b'];
    expect([...dictAt(openDict({ a: list }), 'a').keys()]).to.deep.equal(['v']);
    expect(errorOf(() => openDict({ a: [...list, 'h\x01', text('v'), 'a0'] })).message).to.match(
      /^torch: module: expected a set of buffers that stays as it was made, got \["w", "v"\]$/,
    );
    const attributes = [...state('\x8f'), 'q\x010cmy\nNet\n)\x81h\x01b'];
    expect([...dictAt(openDict({ a: attributes }), 'a').keys()]).to.deep.equal(['w', 'v']);
    expect(
      errorOf(() => openDict({ a: [...attributes, 'h\x01', text('_buffers'), '}s0'] })).message,
    ).to.match(/^torch: module: expected attributes that stay as they were set, got {/);
  });

  it('looks through what many objects share once', () => {
    const shared = ['](', 'N'.repeat(100_000), 'eq\x010'];
    const objects = 'cmy\nC\nh\x01\x85R'.repeat(20_000);
    const list = dictAt(openDict({ w: [PARAMETER], list: [...shared, '](', objects, 'e'] }), 'list');
    expect([...list.values()].every(({ kind }) => kind === 'other')).to.equal(true);
  });

  it('takes a lone tensor, and a list of tensors', () => {
    expect([...openFile('tensor.pt').root.keys()]).to.deep.equal(['tensor']);
    expect([...openFile('list.pt').root.keys()]).to.deep.equal(['0', '1']);
  });

  it('refuses a file of anything else', () => {
    for (const [parts, got] of [
      [['K\x03'], '3'],
      [[text('weights')], '"weights"'],
      [['cos\nsystem\n', text('id'), '\x85R'], 'what os.system makes'],
      [['cos\nsystem\n'], 'os.system'],
    ] as const) {
      expect(errorOf(() => treeOf(...parts))).to.include({
        code: 'INVALID_STRUCTURE',
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
    const ordered = 'ccollections\nOrderedDict\nh\x01\x85Ru';
    const root = treeOf(...LIST_OF_PAIRS, '}(', text('a'), 'h\x01', text('b'), ordered);
    expect([...dictAt(root, 'a').keys()]).to.deep.equal(['0']);
    expect([...dictAt(root, 'b').keys()]).to.deep.equal(['k']);
  });

  it('is as long as the pickle where that doubles at every level, or nests a hundred thousand deep', () => {
    expect(countDicts(treeOf(']', 'q\x00h\x00\x86'.repeat(100)))).to.equal(101);
    expect(countDicts(treeOf(')', '\x85'.repeat(100_000)))).to.equal(100_001);
    expect(countDicts(treeOf(']'.repeat(100_000), 'a'.repeat(99_999)))).to.equal(100_000);
  });

  it('does not copy what many containers share', () => {
    // Twenty thousand dicts made of the same list of two thousand pairs.
    const pairs = ['](', ...Array.from({ length: 2000 }, (_, i) => bytesOfParts(int(i), 'N\x86')), 'eq\x010'];
    const calls = 'ccollections\nOrderedDict\nh\x01\x85R'.repeat(20_000);
    expect(countDicts(treeOf(...pairs, '](', calls, 'e'))).to.equal(2);
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

describe('interpret', () => {
  it('lists each name that is not known once, whether or not anything is made of it', () => {
    const names = 'cos\nsystem\n0ctorch\nSize\n0c__builtin__\neval\n0cbuiltins\neval\n0cos\nsystem\n0';
    const checkpoint = interpret(read(names, '}'), new Map(), openedFile(0));
    expect(checkpoint).to.deep.equal({
      format: 'torch',
      root: new Map(),
      modules: new Map(),
      unknownGlobals: ['os.system', 'builtins.eval'],
      warnings: [],
    });
  });
});
