import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../../src/errors.js';
import { GRUCell, type RNNCell, type StateDict, toStateDict } from '../../../src/index.js';
import { below, f32 } from '../../models/torch-modules.js';
import { describeEachBackend } from '../../support/backends.js';
import { CELL_CLASSES, EVERY_CELL, unroll } from '../../support/cells.js';
import { CLASSES } from '../../support/family.js';
import { CELL_MODULES, type CellModule, cellFixtures, type LayerModule } from '../../support/fixtures.js';
import { expectForward, toTensor } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

describeEachBackend('fromStateDict of the cells against PyTorch', () => {
  for (const fixture of CELL_MODULES.flatMap(cellFixtures)) {
    it(`rebuilds the ${fixture.module} of "${fixture.name}" from its state_dict alone`, async () => {
      const { nonlinearity, ...inFile } = fixture.config;
      const CellClass = CELL_CLASSES[fixture.module] as typeof RNNCell;
      const cell = CellClass.fromStateDict(below('decoder.cell', fixture.stateDict), {
        prefix: 'decoder.cell',
        ...(nonlinearity && { nonlinearity }),
      });
      expect(cell).to.be.instanceOf(CellClass);
      expect(cell.getConfig()).to.include(inFile);
      await tidied(async () => {
        const initial = [fixture.h0, fixture.c0].flatMap((state) => (state ? [toTensor(state)] : []));
        const { outputs, states } = unroll(cell, tf.unstack(toTensor(fixture.x)), initial);
        await expectForward(tf.stack(outputs), fixture.h, 'h');
        if (!fixture.c) return;
        const last = fixture.c.data.slice(fixture.c.data.length - states[1]!.size);
        await expectForward(
          states[1]!,
          { dtype: 'F32', shape: states[1]!.shape, data: last },
          'c of the last step',
        );
      });
      cell.dispose();
    });
  }
});

/** G gates, I = 2, H = 3; of a layer with the suffix `_l0`. */
function weights(gates: number, suffix = ''): StateDict {
  return new Map([
    [`weight_ih${suffix}`, f32([gates * 3, 2])],
    [`weight_hh${suffix}`, f32([gates * 3, 3])],
    [`bias_ih${suffix}`, f32([gates * 3])],
    [`bias_hh${suffix}`, f32([gates * 3])],
  ]);
}

const GATES = { GRUCell: 3, LSTMCell: 4, RNNCell: 1 };

function faultOf(module: CellModule | LayerModule, stateDict: StateDict, options?: object): StateDictError {
  const tensors = tf.memory().numTensors;
  const layerClass = { ...CLASSES, ...CELL_CLASSES }[module];
  try {
    layerClass.fromStateDict(stateDict, options);
  } catch (error) {
    expect(tf.memory().numTensors).to.equal(tensors);
    if (error instanceof StateDictError) return error;
    throw error;
  }
  throw new Error('the load did not fail');
}

describe('fromStateDict of the cells', () => {
  before(() => tf.setBackend('cpu'));

  for (const { title, module, make } of EVERY_CELL) {
    it(`rebuilds what ${title} exports, with biases or without, and frees it all`, async () => {
      for (const bias of [true, false]) {
        const tensors = tf.memory().numTensors;
        const original = make({ hiddenSize: 3, bias, name: 'cell' });
        original.ensureBuilt(2);
        const stateDict = await toStateDict(original, { prefix: 'a' });
        const own = module === 'RNNCell' && { nonlinearity: (original as RNNCell).nonlinearity };
        const cell = (CELL_CLASSES[module] as typeof RNNCell).fromStateDict(stateDict, {
          prefix: 'a',
          name: 'cell',
          ...own,
        });
        expect(cell.getConfig()).to.deep.equal(original.getConfig());
        for (const [i, weight] of cell.getWeights().entries())
          expect(await weight.data()).to.deep.equal(await original.getWeights()[i]!.data());
        original.dispose();
        cell.dispose();
        expect(tf.memory().numTensors).to.equal(tensors);
      }
    });
  }

  for (const module of CELL_MODULES) {
    const layer = module.replace('Cell', '') as LayerModule;
    const gates = GATES[module];

    it(`of ${module} tells the keys of a layer from its own`, () => {
      const error = faultOf(module, weights(gates, '_l0'));
      expect(error.missing).to.deep.equal(['weight_ih', 'weight_hh']);
      expect(error.unexpected).to.deep.equal([...weights(gates, '_l0').keys()]);
      expect(error.message).to.contain(
        '\n\tHint: "weight_ih_l0" is of a layer (torch.nn.GRU, LSTM or RNN). Load it into a layer, or, since a cell computes ' +
          'one step of its first layer, rename the keys, "weight_ih_l0" to "weight_ih" and so on.',
      );
    });

    it(`of ${layer} tells the keys of a cell from its own`, () => {
      const error = faultOf(layer, below('decoder', weights(gates)), { prefix: 'decoder' });
      expect(error.missing).to.deep.equal(['decoder.weight_ih_l0', 'decoder.weight_hh_l0']);
      expect(error.message).to.contain(
        '\n\tHint: "decoder.weight_ih" is of a cell (torch.nn.GRUCell, LSTMCell or RNNCell). Load it into a cell, or, where the PyTorch model ' +
          'runs it over a sequence with nothing between the steps, rename the keys, "decoder.weight_ih" to "decoder.weight_ih_l0" and so on.',
      );
    });

    for (const other of CELL_MODULES) {
      if (other === module) continue;
      it(`of ${module} tells a file of ${other} by its gates`, () => {
        const count = GATES[other];
        const error = faultOf(module, weights(count));
        expect(error.mismatched).to.have.members([...weights(gates).keys()]);
        expect(error.message).to.contain(
          `\n\tHint: weight_hh [${3 * count}, 3] has ${count} ${count === 1 ? 'block' : 'blocks'} of rows, ` +
            `as torch.nn.${other} has; torch.nn.${module} has ${gates}.`,
        );
      });
    }

    it(`of ${module} refuses a contradicting argument`, () => {
      const remedy = 'Leave it out: it is read off the keys and shapes';
      for (const [name, rule, given] of [
        ['inputSize', 2, 3],
        ['hiddenSize', 3, 2],
        ['bias', true, false],
      ] as const)
        expect(() => CELL_CLASSES[module].fromStateDict(weights(gates), { [name]: given })).to.throw(
          RangeError,
          `${module}.fromStateDict: ${name}: expected ${rule}, as in the state_dict, got ${given}. ${remedy}`,
        );
    });
  }

  it('points to the modules that hold a cell', () => {
    expect(faultOf('GRUCell', below('model.decoder', weights(3))).message).to.contain(
      '\n\tHint: The missing keys are there below another path: pass prefix: "model.decoder".',
    );
  });

  it('names missing, unexpected and transposed weights', () => {
    const missing = weights(3);
    missing.delete('bias_hh');
    expect(faultOf('GRUCell', missing).missing).to.deep.equal(['bias_hh']);
    expect(faultOf('GRUCell', weights(3).set('extra', f32([1]))).unexpected).to.deep.equal(['extra']);
    expect(faultOf('GRUCell', weights(3).set('weight_hr', f32([2, 3]))).unexpected).to.deep.equal([
      'weight_hr',
    ]);
    expect(faultOf('GRUCell', weights(3).set('weight_hh', f32([3, 9]))).message).to.match(
      /shape \[3, 9\] from checkpoint, .* is \[9, 3\]\. Its sizes are exchanged/,
    );
    expect(faultOf('GRUCell', weights(3).set('weight_ih', f32([18]))).mismatched).to.deep.equal([
      'weight_ih',
    ]);
  });

  it('throws TypeError for the arguments of a layer', () => {
    expect(() => GRUCell.fromStateDict(weights(3), { bidirectional: true } as never)).to.throw(
      TypeError,
      'GRUCell: bidirectional: expected a known argument, got unknown argument "bidirectional". ' +
        'A cell is one step of one layer in one direction; GRU has it',
    );
  });
});
