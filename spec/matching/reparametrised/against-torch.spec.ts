import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { withDerived } from '../../../src/matching/reparametrised/with-derived.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { reparametrised } from '../../support/reparametrised.js';

/** Steps between neighbouring float32 numbers from one to the other. */
function ulps(a: number, b: number): number {
  const order = (value: number) => {
    const bits = new Int32Array(Float32Array.of(value).buffer)[0] as number;
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  };
  return Math.abs(order(a) - order(b));
}

/** The largest difference: of bits for 16-bit floats, else in units of the last place of the float32 that a layer holds. */
function difference(a: TorchTensor, b: TorchTensor): number {
  const [x, y] = [Array.from(a.data, Number), Array.from(b.data, Number)];
  const isCode = a.dtype === 'F16' || a.dtype === 'BF16';
  const of = (p: number, q: number) => (isCode ? Math.abs(p - q) : ulps(p, q));
  return x.reduce((most, value, i) => Math.max(most, of(value, y[i] as number)), 0);
}

/**
 * torch leaves the sums of spectral norm to a library, whose order is not known, and divides by what is off by a unit: measured 2. All
 * else has the same bits.
 */
function allowed(name: string, { dtype }: TorchTensor): number {
  return /spectral/.test(name) && dtype === 'F32' ? 2 : 0;
}

describe('withDerived', () => {
  const { stateDict, derived, undetermined } = withDerived('spec', reparametrised('stored'));
  const weights = reparametrised('weights');

  for (const [name, expected] of weights) {
    it(`computes ${name} as PyTorch does`, () => {
      const found = stateDict.get(name) as TorchTensor;
      expect(found, 'there').to.not.equal(undefined);
      expect(found.dtype).to.equal(expected.dtype);
      expect(found.shape).to.deep.equal(expected.shape);
      expect(difference(found, expected)).to.be.at.most(allowed(name, expected));
    });
  }

  it('says which keys each weight is computed from, and finds no other', () => {
    const steps = ['pruned_norm.weight_v'];
    expect([...derived.keys()].sort()).to.deep.equal([...weights.keys(), ...steps].sort());
    expect(undetermined.size).to.equal(0);
    const from = (key: string) => derived.get(key)?.from;
    expect(from('old_gru.weight_hh_l0')).to.deep.equal(['old_gru.weight_hh_l0_g', 'old_gru.weight_hh_l0_v']);
    expect(from('new_gru.weight_hh_l0')).to.deep.equal([
      'new_gru.parametrizations.weight_hh_l0.original0',
      'new_gru.parametrizations.weight_hh_l0.original1',
    ]);
    expect(from('pruned_norm.weight')).to.deep.equal([
      'pruned_norm.weight_g',
      'pruned_norm.weight_v_orig',
      'pruned_norm.weight_v_mask',
    ]);
    expect(from('norm_and_spectral.weight')).to.have.lengthOf(4);
    expect(from('drop_outside.module.weight_hh_l0')).to.deep.equal(['drop_outside.weight_hh_l0_raw']);
    expect(derived.get('norm_and_spectral.weight')?.schemes).to.deep.equal(['spectral norm', 'weight norm']);
  });

  it('computes nothing before the numbers are read', () => {
    const file = new Map(
      [...reparametrised('stored')].map(([key, { dtype, shape }]) => [key, { dtype, shape } as TorchTensor]),
    );
    expect(withDerived('spec', file).stateDict.get('old_gru.weight_hh_l0')?.shape).to.deep.equal([30, 10]);
  });

  it('returns the state_dict itself where it has none', () => {
    expect(withDerived('spec', weights).stateDict).to.equal(weights);
  });

  it('says what to run in Python where the file does not determine a weight', () => {
    const found = withDerived('spec', reparametrised('undetermined'));
    expect([...found.undetermined.keys()].sort()).to.deep.equal([
      'custom.weight',
      'gru.weight_hh_l0',
      'orthogonal.weight',
    ]);
    const square = found.stateDict.get('square.weight') as TorchTensor;
    expect(() => square.data).to.throw(
      UnsupportedError,
      'Run model.eval() and torch.nn.utils.remove_spectral_norm(model.get_submodule("square"), "weight") in Python',
    );
  });
});
