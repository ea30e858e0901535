import { expect } from 'chai';
import type { Diagnosis } from '../../../../src/cli/verify/diagnosis.js';
import type { LayerCall } from '../../../../src/cli/verify/layer/run-layer.js';
import { diagnose } from '../../../../src/cli/verify/layer/variants.js';
import { readStateDict } from '../../../../src/state-dict/read.js';
import type { StateDict, TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import type { RecurrentModule } from '../../../../src/torch/modules.js';
import { recogniseModules } from '../../../../src/torch/recognise.js';
import { cliFixture } from '../../support.js';

const OTHERS = 'where torch has';

describe('the diagnosis of numbers that do not fit', () => {
  let file: StateDict;
  before(async () => {
    file = await readStateDict(cliFixture('variants.safetensors'));
  });

  const get = (name: string) => file.get(name) as TorchTensor;

  function diagnosis(
    path: string,
    y: string,
    x = 'x',
    options: Partial<LayerCall> & { h0?: string } = {},
  ): Diagnosis {
    const { h0, ...call } = options;
    const module = recogniseModules(file).find((own) => own.path === path) as RecurrentModule;
    const inputs = [get(x), h0 === undefined ? undefined : get(h0), undefined];
    return diagnose(
      { module, batchFirst: false, nonlinearity: 'tanh', ...call },
      { weights: file, inputs },
      get(y),
    );
  }

  it('names the one variant that gives them', () => {
    for (const [made, sentence] of [
      [
        diagnosis('gru', 'y/gru/batch_first', 'square'),
        'with the arrays read as [B, T, ...]: pass --batch-first.',
      ],
      [
        diagnosis('gru', 'y/gru/square', 'square', { batchFirst: true }),
        'with the arrays read as [T, B, ...]: leave out --batch-first.',
      ],
      [diagnosis('zrn', 'y/gru'), `in the order z|r|n, ${OTHERS} r|z|n`],
      [diagnosis('ifog', 'y/lstm'), `in the order i|f|o|g, ${OTHERS} i|f|g|o`],
      [diagnosis('gru', 'y/gru/reset_first'), 'with the reset gate before the product with W_hn'],
      [diagnosis('rnn', 'y/rnn/relu'), 'with --nonlinearity relu.'],
      [diagnosis('rnn', 'y/rnn', 'x', { nonlinearity: 'relu' }), 'with --nonlinearity tanh.'],
      [diagnosis('gru', 'y/gru/reversed'), 'with the steps in reverse order.'],
      [diagnosis('both', 'y/both/exchanged'), 'with the weights of the two directions exchanged.'],
      [diagnosis('gru', 'y/gru/no_bias'), 'without biases.'],
      [diagnosis('gru', 'y/gru/no_bias_ih'), 'without bias_ih.'],
      [diagnosis('gru', 'y/gru/no_bias_hh'), 'without bias_hh.'],
      [
        diagnosis('gru', 'y/gru', 'x', { h0: 'h0' }),
        'from an initial state of zeros: leave out --h0 and --c0.',
      ],
      [
        diagnosis('gru', 'y/gru/batch_first_reversed', 'square'),
        'pass --batch-first; and with the steps in reverse order.',
      ],
    ] as const) {
      expect(made.fitting, sentence).to.have.lengthOf(1);
      expect(made.fitting[0]).to.include(sentence);
      expect(made.isClose).to.equal(false);
    }
  });

  it('lists what was tried where nothing fits', () => {
    const { fitting, tried } = diagnosis('gru', 'y/gru/state');
    expect(fitting).to.deep.equal([]);
    expect([...new Set(tried)]).to.deep.equal([
      'other orders of the gates',
      'the reset gate before the product',
      'the steps reversed',
      'missing biases',
      'the other layout',
    ]);
  });

  it('tries nothing where the numbers are close, as those of a run in float16 are', () => {
    expect(diagnosis('gru', 'y/gru/half')).to.deep.equal({ isClose: true, fitting: [], tried: [] });
    expect(diagnosis('gru', 'y/gru')).to.deep.include({ isClose: true });
    expect(diagnosis('cell', 'y/cell', 'step')).to.deep.include({ isClose: true });
  });

  it('lists all that fit', () => {
    const zero = (name: string) => {
      const { dtype, shape, data } = get(name);
      return { dtype, shape, data: data.map(() => 0 as never) } as TorchTensor;
    };
    const own = new Map(file).set('gru.bias_ih_l0', zero('gru.bias_ih_l0'));
    const module = recogniseModules(own).find(({ path }) => path === 'gru') as RecurrentModule;
    const call: LayerCall = { module, batchFirst: false, nonlinearity: 'tanh' };
    const { fitting } = diagnose(call, { weights: own, inputs: [get('x')] }, get('y/gru/no_bias'));
    expect(fitting).to.deep.equal(['The numbers fit without biases.', 'The numbers fit without bias_hh.']);
  });
});
