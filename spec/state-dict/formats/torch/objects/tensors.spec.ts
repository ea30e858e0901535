import { expect } from 'chai';
import type { CheckpointNode } from '../../../../../src/state-dict/formats/checkpoint.js';
import type { FormatCode } from '../../../../../src/state-dict/rules/format-codes.js';
import { errorOf } from '../../../support.js';
import { bytesOfParts, int, type Part, text, tuple } from '../../pickle/support.js';
import {
  floats,
  ints,
  NO_HOOKS,
  openBytes,
  openFile,
  pickledDict,
  storagePart,
  tensorPart,
  tensorsIn,
  torchZip,
} from '../support.js';

const STORAGE = storagePart('FloatStorage', '7', 6);
const UNTYPED = storagePart('UntypedStorage', '7', 24);
const FILE_DATA = { 'data/7': floats(0, 1, 2, 3, 4, 5) };

function open(...parts: readonly Part[]): { node: CheckpointNode; values: number[] } {
  const file = torchZip(pickledDict({ w: parts }), FILE_DATA);
  const { root } = openBytes(file);
  const node = root.get('w')!;
  const tensor = tensorsIn(root, file).get('w');
  return { node, values: tensor ? [...(tensor.data as Float32Array)] : [] };
}

function expectError(code: FormatCode, message: string, ...parts: readonly Part[]): void {
  const error = errorOf(() => open(...parts));
  expect(error.message).to.equal(`torch: tensor "w": ${message}`);
  expect(error.code).to.equal(code);
}

function expectRefused(reason: string | RegExp, ...parts: readonly Part[]): void {
  const { node } = open(...parts);
  if (node.kind !== 'refused') throw new Error(`a ${node.kind}`);
  if (typeof reason === 'string') expect(node.reason).to.equal(reason);
  else expect(node.reason).to.match(reason);
}

function v2(offset: number, shape: readonly number[], strides: readonly number[], ...metadata: Part[]): Part {
  return tensorPart(STORAGE, offset, ints(...shape), ints(...strides), ...metadata);
}

function make(name: string, ...args: readonly Part[]): Part {
  const dot = name.lastIndexOf('.');
  return bytesOfParts(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`, tuple(...args), 'R');
}

const PLAIN = v2(0, [2], [1]);

describe('tensorOf', () => {
  describe('of plain tensors', () => {
    it('takes any strides of 0 and more', () => {
      expect(open(v2(1, [2, 2], [1, 2])).values).to.deep.equal([1, 3, 2, 4]);
      expect(open(v2(5, [3], [0])).values).to.deep.equal([5, 5, 5]);
      expect(open(v2(2, [], [])).values).to.deep.equal([2]);
    });

    it('takes a torch.Size for a shape', () => {
      const size = make('torch.Size', ints(2));
      expect(open(tensorPart(STORAGE, 4, size, ints(1))).values).to.deep.equal([4, 5]);
    });

    it('takes each form of the call', () => {
      expect(
        open(make('torch._utils._rebuild_tensor', STORAGE, int(4), ints(2), ints(1))).values,
      ).to.deep.equal([4, 5]);
      const v3 = [UNTYPED, int(8), ints(2), ints(2), '\x89', NO_HOOKS, 'ctorch\nint16\n'];
      const { node } = open(make('torch._utils._rebuild_tensor_v3', ...v3));
      if (node.kind !== 'stored') throw new Error(node.kind);
      expect(node.tensor).to.include({ dtype: 'I16', byteOffset: 16 });
      expect(node.tensor.strides).to.deep.equal([2]);
    });

    it('refuses elements outside the storage, even by one', () => {
      expect(open(v2(0, [2, 3], [3, 1])).values).to.have.length(6);
      expectError(
        'INVALID_TENSOR',
        'expected elements inside the 6 of its storage, got element 6 of [2, 3]',
        v2(1, [2, 3], [3, 1]),
      );
      expectError(
        'INVALID_TENSOR',
        'expected elements inside the 6 of its storage, got element 6 of [2]',
        v2(0, [2], [6]),
      );
      expectError(
        'INVALID_TENSOR',
        'expected elements inside the 6 of its storage, got element 6 of []',
        v2(6, [], []),
      );
      const bytes = [UNTYPED, int(10), ints(2), ints(1), '\x89', NO_HOOKS];
      expect(open(make('torch._utils._rebuild_tensor_v3', ...bytes, 'ctorch\nuint16\n')).node.kind).to.equal(
        'stored',
      );
      expectError(
        'INVALID_TENSOR',
        'expected elements inside the 3 of its storage, got element 11 of [2]',
        make('torch._utils._rebuild_tensor_v3', ...bytes, 'ctorch\nfloat64\n'),
      );
    });

    it('counts beyond 2^53 correctly', () => {
      const huge = bytesOfParts('\x8a\x07', '\xff'.repeat(6), '\x1f');
      const at = tuple(huge);
      const message = (...parts: readonly Part[]) => errorOf(() => open(...parts)).message;
      const outside = /expected elements inside the 6 of its storage, got element \d{16} of/;
      expect(message(tensorPart(STORAGE, 0, ints(2), at))).to.match(outside);
      expect(message(tensorPart(STORAGE, 0, at, ints(1)))).to.match(outside);
      expect(message(tensorPart(STORAGE, 0, tuple(huge, huge), ints(0, 0)))).to.match(
        /expected sizes whose product can be counted, got \[/,
      );
      const long = bytesOfParts('\x8a\x09', '\xff'.repeat(8), '\0');
      expect(message(tensorPart(STORAGE, 0, ints(2), tuple(long)))).to.match(/expected strides of 0 or more/);
      // A stride of 0 makes a terabyte of one element: no error here, where nothing is read yet.
      expect(open(tensorPart(STORAGE, 0, ints(0), ints(1))).values).to.deep.equal([]);
    });

    it('lets empty tensors begin anywhere', () => {
      const { node } = open(v2(1000, [0, 3], [3, 1]));
      if (node.kind !== 'stored') throw new Error(node.kind);
      expect(node.tensor.byteOffset).to.equal(0);
      expect(node.tensor.strides).to.equal(undefined);
    });

    it('refuses arguments that are not what torch takes', () => {
      expectError('INVALID_TENSOR', 'expected a storage, got 3', tensorPart(int(3), 0, ints(1), ints(1)));
      expectError('INVALID_TENSOR', 'expected sizes of 0 or more, got -1', v2(0, [-1], [1]));
      expectError('INVALID_TENSOR', 'expected strides of 0 or more, got -1', v2(5, [2], [-1]));
      expectError('INVALID_TENSOR', 'expected an offset of 0 or more, got -1', v2(-1, [2], [1]));
      expectError('INVALID_TENSOR', 'expected sizes, got [1]', tensorPart(STORAGE, 0, ']K\x01a', ints(1)));
      expectError(
        'INVALID_TENSOR',
        'expected sizes of 0 or more, got 2.0',
        tensorPart(STORAGE, 0, tuple('G\x40\0\0\0\0\0\0\0'), ints(1)),
      );
      expectError('INVALID_TENSOR', 'expected a stride for each of 2 dimensions, got 1', v2(0, [2, 3], [1]));
      expectError(
        'INVALID_TENSOR',
        'expected 6 to 7 arguments, got 5',
        make('torch._utils._rebuild_tensor_v2', STORAGE, 'NNNN'),
      );
      expectError('INVALID_TENSOR', 'expected 6 to 7 arguments, got 8', v2(0, [2], [1], '}}'));
      expectError(
        'TOO_LARGE',
        'expected at most 64 sizes, got 65',
        v2(0, Array(65).fill(1), Array(65).fill(1)),
      );
      expectError(
        'UNKNOWN_DTYPE',
        'expected a dtype of torch, got torch.nope',
        make(
          'torch._utils._rebuild_tensor_v3',
          STORAGE,
          int(0),
          ints(1),
          ints(1),
          '\x89',
          NO_HOOKS,
          'ctorch\nnope\n',
        ),
      );
    });
  });

  describe('of tensors inside others', () => {
    it('finds that of a parameter, with attributes or without', () => {
      const parameter = make('torch._utils._rebuild_parameter', PLAIN, '\x88', NO_HOOKS);
      expect(open(parameter).values).to.deep.equal([0, 1]);
      const marked = make('torch._utils._rebuild_parameter_with_state', PLAIN, '\x88', NO_HOOKS, '}');
      expect(open(marked).values).to.deep.equal([0, 1]);
    });

    it('finds that of the classes of old versions', () => {
      expect(open(make('torch.nn.parameter.Parameter', PLAIN, '\x88')).values).to.deep.equal([0, 1]);
      const state = tuple(PLAIN, 'N', NO_HOOKS, '\x88\x89');
      expect(open('ctorch.autograd.variable\nVariable\n)\x81', state, 'b').values).to.deep.equal([0, 1]);
      const own = tuple(STORAGE, int(2), ints(2), ints(1));
      expect(open('ctorch\nFloatTensor\n)\x81', own, 'b').values).to.deep.equal([2, 3]);
      expect(open('ctorch.cuda\nFloatTensor\n)\x81', own, 'b').values).to.deep.equal([2, 3]);
    });

    it('finds that of a tensor with attributes, and refuses one of a class that is not known', () => {
      const args = tuple(STORAGE, int(0), ints(2), ints(1), '\x89', NO_HOOKS);
      const of = (className: string): Part =>
        make(
          'torch._tensor._rebuild_from_type_v2',
          'ctorch._utils\n_rebuild_tensor_v2\n',
          className,
          args,
          '}',
        );
      expect(open(of('ctorch\nTensor\n')).values).to.deep.equal([0, 1]);
      expectRefused(
        'a tensor of my.Tensor, of which t.as_subclass(torch.Tensor) makes a plain one',
        of('cmy\nTensor\n'),
      );
    });

    it('passes over attributes, and refuses those that replace the elements', () => {
      const args = tuple(STORAGE, int(0), ints(2), ints(1), '\x89', NO_HOOKS);
      const fromType = (state: Part): Part =>
        make(
          'torch._tensor._rebuild_from_type_v2',
          'ctorch._utils\n_rebuild_tensor_v2\n',
          'ctorch\nTensor\n',
          args,
          state,
        );
      const withState = (state: Part): Part =>
        make('torch._utils._rebuild_parameter_with_state', PLAIN, '\x88', NO_HOOKS, state);
      const built = (state: Part): Part =>
        bytesOfParts(make('torch.nn.parameter.Parameter', PLAIN, '\x88'), state, 'b');
      const set = (name: string): Part => bytesOfParts('}', text(name), v2(2, [2], [1]), 's');
      for (const made of [fromType, withState, built]) {
        for (const harmless of [set('partition_dim'), tuple(set('a'), 'N'), tuple('N', set('b')), 'N'])
          expect(open(made(harmless)).values).to.deep.equal([0, 1]);
        for (const name of ['data', 'real', 'imag'])
          for (const state of [set(name), tuple('N', set(name)), tuple(set(name), 'N')])
            expectRefused(`a tensor with the attribute ${name}, which replaces its elements`, made(state));
        expectRefused('a tensor with the attributes 3', made(int(3)));
        const later = bytesOfParts('}q\x010', made('h\x01'), 'h\x01', text('data'), v2(2, [2], [1]), 's0');
        expectRefused(/^a tensor with the attributes {"data": /, later);
      }
    });

    it('refuses a tensor inside that is given its elements later', () => {
      const own = tuple(STORAGE, int(2), ints(2), ints(1));
      const empty = 'ctorch\nFloatTensor\n)Rq\x010';
      const parameter = make('torch._utils._rebuild_parameter', 'h\x01', '\x88', NO_HOOKS);
      expect(open(empty, 'h\x01', own, 'b0', parameter).values).to.deep.equal([2, 3]);
      const error = errorOf(() => open(empty, parameter, 'h\x01', own, 'b0'));
      expect(error.message).to.include(
        'tensor "w": expected a tensor inside that is left as it was made, got',
      );
    });

    it('refuses a value inside that is not a tensor', () => {
      expectRefused(
        'what my.make makes',
        make('torch._utils._rebuild_parameter', make('my.make'), '\x88', NO_HOOKS),
      );
      expectError(
        'INVALID_TENSOR',
        'expected a tensor inside it, got 3',
        make('torch._utils._rebuild_parameter', int(3), '\x88', NO_HOOKS),
      );
      expectError('INVALID_TENSOR', 'expected a tensor inside it, got nothing', make('torch.Tensor'));
    });

    it('gives up on a ring, and on parameters of parameters', () => {
      const ring = ['ctorch.autograd.variable\nVariable\n)\x81q\x00', '(h\x00NNNNtb'];
      expectRefused('a tensor inside 8 others', ...ring);
      let part = PLAIN;
      for (let i = 0; i < 50; i++) part = make('torch._utils._rebuild_parameter', part, '\x88', NO_HOOKS);
      expectRefused('a tensor inside 8 others', part);
    });
  });

  describe('of tensors that cannot be read', () => {
    it('says what Python makes plain ones by', () => {
      const reasons = Object.fromEntries(
        [...openFile('refused.pt').root].map(([name, node]) => [
          name,
          node.kind === 'refused' ? node.reason : node.kind,
        ]),
      );
      const complex = 'a tensor of wider or narrower complex numbers, which t.to(torch.complex64) converts';
      const sparse = 'a sparse tensor, of which t.to_dense() makes a plain one';
      expect(reasons).to.deep.equal({
        fine: 'stored',
        complex128: complex,
        complex32: complex,
        sparse,
        csr: sparse,
        quantised: 'a quantised tensor, of which t.dequantize() makes a plain one',
        meta: 'a tensor on the meta device, which has no elements',
        nested: 'a nested tensor, of which t.unbind() makes plain ones',
        conj: 'a lazy view, which t.resolve_conj() writes out',
        neg: 'a lazy view, which t.resolve_neg() writes out',
        subclass: 'a tensor of my_project.MyTensor, of which t.as_subclass(torch.Tensor) makes a plain one',
        module: 'dict',
      });
    });

    it('ignores no mark on the elements, known or not', () => {
      expect(open(v2(0, [2], [1], '}')).values).to.deep.equal([0, 1]);
      expect(open(v2(0, [2], [1], 'N')).values).to.deep.equal([0, 1]);
      expectRefused(/resolve_neg/, v2(0, [2], [1], '}', text('neg'), '\x88s'));
      // torch._utils._rebuild_tensor_v2(..., {"neg": False}).is_neg() is True.
      expectRefused(/resolve_neg/, v2(0, [2], [1], '}', text('neg'), '\x89s'));
      expectRefused(/resolve_neg/, v2(0, [2], [1], '}', text('neg'), 'K\x01s'));
      expectRefused('a tensor with the mark "odd"', v2(0, [2], [1], '}', text('odd'), '\x88s'));
      expectError('INVALID_TENSOR', 'expected a dict of metadata, got []', v2(0, [2], [1], ']'));
    });

    it('refuses what is done to a tensor after it was made, and metadata that is changed', () => {
      const messageOf = (...parts: readonly Part[]) => errorOf(() => open(...parts)).message;
      expect(messageOf(v2(0, [2], [1]), 'K\x01\x85b')).to.include(
        'expected a tensor that is left as it was made',
      );
      const marks = ['}q\x00', text('neg'), '\x88s'];
      const changed = ['h\x00', text('neg'), '\x89s0'];
      expect(messageOf(v2(0, [2], [1], ...marks), ...changed)).to.include(
        'expected metadata that stays as it is',
      );
    });

    it('refuses a dtype of its own over a storage with another, which torch swaps by that', () => {
      const of = (storage: Part): Part =>
        make(
          'torch._utils._rebuild_tensor_v3',
          storage,
          int(0),
          ints(2),
          ints(1),
          '\x89',
          NO_HOOKS,
          'ctorch\nuint16\n',
        );
      expectError(
        'INCONSISTENT',
        'expected storage "7" to be one without a dtype, got one of F32',
        of(STORAGE),
      );
      expectRefused(/^a quantised tensor/, of(storagePart('QInt8Storage', '7', 24)));
    });

    it('refuses by name a dtype that this package does not have, and the meta device', () => {
      expectRefused(
        'a tensor of uint4',
        make(
          'torch._utils._rebuild_tensor_v3',
          UNTYPED,
          int(0),
          ints(24),
          ints(1),
          '\x89',
          NO_HOOKS,
          'ctorch\nuint4\n',
        ),
      );
      const meta = tuple(text('storage'), 'ctorch\nFloatStorage\n', text('7'), text('meta'), int(6));
      expectRefused(
        'a tensor on the meta device, which has no elements',
        tensorPart(bytesOfParts(meta, 'Q'), 0, ints(2), ints(1)),
      );
    });

    it('checks the place of those too', () => {
      const wide = storagePart('QInt8Storage', '7', 24);
      expectError(
        'INVALID_TENSOR',
        'expected elements inside the 24 of its storage, got element 24 of [25]',
        tensorPart(wide, 0, ints(25), ints(1)),
      );
    });

    it('refuses makers of torch that it does not know', () => {
      expectRefused(
        'a tensor that torch._utils._rebuild_novel makes',
        make('torch._utils._rebuild_novel', STORAGE),
      );
    });
  });
});
