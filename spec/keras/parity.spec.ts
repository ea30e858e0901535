import { expect } from 'chai';
import { loadKerasModel } from '../../src/keras/index.js';
import { describeEachBackend } from '../support/backends.js';
import { expectForward } from '../support/parity.js';
import { tidied } from '../support/tidied.js';
import { disposeModel, handlerOf, inputTensors, kerasFixture, kerasNames } from './fixtures.js';

describeEachBackend('loadKerasModel computes what Keras computes', () => {
  for (const version of ['2', '3'] as const)
    for (const name of kerasNames(version))
      it(`in ${name}, Keras ${version}`, async () => {
        const fixture = kerasFixture(version, name);
        const model = await loadKerasModel(handlerOf(fixture));
        await tidied(async () => {
          for (const [i, call] of fixture.calls.entries()) {
            const result = model.predict(inputTensors(call), { batchSize: call.inputs[0].shape[0] });
            const outputs = Array.isArray(result) ? result : [result];
            expect(outputs).to.have.length(call.outputs.length);
            for (const [k, output] of outputs.entries())
              await expectForward(output, call.outputs[k], `call ${i}, output ${k}`);
          }
        });
        model.resetStates();
        disposeModel(model);
      });
});
