import { expect } from 'chai';
import { plainOrder } from '../../../src/cli/inspect/structure.js';
import { recogniseModules } from '../../../src/torch/recognise.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

const EMBEDDING: Shapes = { 'emb.weight': [9, 3] };
const GRU: Shapes = { 'gru.weight_ih_l0': [12, 3], 'gru.weight_hh_l0': [12, 4] };
const LINEAR: Shapes = { 'fc.weight': [2, 4], 'fc.bias': [2] };

function orderOf(shapes: Shapes): string | undefined {
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F32' as const, shape }]),
  );
  const order = plainOrder(recogniseModules(tensors));
  return order && [order.embedding, order.recurrent, order.linear].map((module) => module?.path).join(' ');
}

describe('plainOrder', () => {
  it('is Embedding, recurrent, Linear, however the file orders them', () => {
    expect(orderOf({ ...LINEAR, ...GRU, ...EMBEDDING })).to.equal('emb gru fc');
    expect(orderOf({ ...GRU, ...EMBEDDING })).to.equal('emb gru ');
    expect(orderOf({ ...LINEAR, ...GRU })).to.equal(' gru fc');
  });

  it('counts directions and projections into the width of the output', () => {
    const reverse = { 'gru.weight_ih_l0_reverse': [12, 3], 'gru.weight_hh_l0_reverse': [12, 4] };
    expect(orderOf({ ...GRU, ...reverse, ...LINEAR })).to.equal(undefined);
    expect(orderOf({ ...GRU, ...reverse, 'fc.weight': [2, 8], 'fc.bias': [2] })).to.equal(' gru fc');
    const lstm = { 'r.weight_ih_l0': [16, 3], 'r.weight_hh_l0': [16, 2], 'r.weight_hr_l0': [2, 4] };
    expect(orderOf({ ...lstm, 'fc.weight': [5, 2], 'fc.bias': [5] })).to.equal(' r fc');
  });

  it('is unknown for one module, two of a kind, another kind, or an unknown module', () => {
    expect(orderOf(GRU)).to.equal(undefined);
    expect(orderOf({ ...EMBEDDING, ...LINEAR })).to.equal(undefined);
    expect(orderOf({ ...GRU, ...LINEAR, 'fc2.weight': [2, 2], 'fc2.bias': [2] })).to.equal(undefined);
    expect(orderOf({ ...GRU, ...LINEAR, 'norm.weight': [4], 'norm.bias': [4] })).to.equal(undefined);
    expect(orderOf({ ...GRU, ...LINEAR, scale: [1, 1, 1, 1, 1] })).to.equal(undefined);
    expect(orderOf({ ...GRU, ...LINEAR, 'cell.weight_ih': [4, 4], 'cell.weight_hh': [4, 4] })).to.equal(
      undefined,
    );
  });

  it('is unknown where the Linear could stand before the recurrent layer as well', () => {
    const before: Shapes = { 'fc.weight': [3, 4], 'fc.bias': [3] };
    expect(orderOf({ ...GRU, ...before })).to.equal(undefined);
    const square: Shapes = { 'gru.weight_ih_l0': [12, 4], 'gru.weight_hh_l0': [12, 4] };
    const linear: Shapes = { 'fc.weight': [4, 4], 'fc.bias': [4] };
    expect(orderOf({ 'emb.weight': [9, 4], ...square, ...linear })).to.equal(undefined);
    expect(orderOf({ ...EMBEDDING, ...GRU, ...before })).to.equal('emb gru fc');
  });

  it('is unknown where widths differ, or modules have different parents', () => {
    expect(orderOf({ ...GRU, 'emb.weight': [9, 5] })).to.equal(undefined);
    expect(orderOf({ ...GRU, 'fc.weight': [2, 5], 'fc.bias': [2] })).to.equal(undefined);
    expect(orderOf({ ...GRU, 'head.fc.weight': [2, 4], 'head.fc.bias': [2] })).to.equal(undefined);
  });
});
