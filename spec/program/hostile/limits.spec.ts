/** Archives that ask for much memory, or for long messages. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { strFromU8, strToU8 } from 'fflate';
import { readExportedProgram } from '../../../src/program/index.js';
import {
  type ProgramJson,
  programBytes,
  type StoredSpec,
  TIMES_WEIGHT,
  WEIGHT,
} from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';

const CONFIG = 'data/weights/model_weights_config.json';
const ROW = 1000;

/** Weights of 64 and 63 rows in turn, which all lie in one file of 65 rows. */
function overlapping(count: number): Uint8Array<ArrayBuffer> {
  const stored = Array.from(
    { length: count },
    (_, i): StoredSpec => ({
      ...{ kind: 'parameter', name: `w${i}`, tensor: [`p_w${i}`, [64 - (i % 2), ROW]], values: [] },
    }),
  );
  return programBytes({ ...TIMES_WEIGHT, stored: [WEIGHT, ...stored] }, (files) => {
    const json = JSON.parse(strFromU8(files[CONFIG] as Uint8Array)) as ProgramJson;
    for (let i = 0; i < count; i++) {
      const entry = json.config[`w${i}`];
      entry.path_name = 'tensor_1';
      entry.tensor_meta.storage_offset = { as_int: i };
    }
    files[CONFIG] = strToU8(JSON.stringify(json));
    files['data/weights/tensor_1'] = new Uint8Array(65 * ROW * Float32Array.BYTES_PER_ELEMENT);
  });
}

async function errorOf(bytes: Uint8Array<ArrayBuffer>, limits = {}): Promise<Error> {
  return readExportedProgram(bytes, { limits }).then(
    (program) => {
      program.dispose();
      return new Error('none');
    },
    (error: Error) => error,
  );
}

describe('archives of programs that ask for much', () => {
  before(async () => {
    await tf.setBackend('cpu');
    registerSpecOps();
  });

  it('have weights of as many bytes as files of their size may, though all are views of one file', async () => {
    const bytes = overlapping(80);
    const error = await errorOf(bytes, { maxTensorBytes: 2 ** 24 });
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.contain(
      'tensors: expected at most 16777216 bytes that are not views of the file',
    );
    expect((await errorOf(bytes)).message).to.equal('none');
  });

  it('are told in short messages, however long their names are', async () => {
    const long = 'n'.repeat(100_000);
    for (const change of [
      (json: ProgramJson) => {
        json.graph_module.graph.nodes[0].target = long;
      },
      (json: ProgramJson) => {
        json.graph_module.graph.nodes[0].name = long;
        json.graph_module.graph.nodes[0].outputs = [];
        json.graph_module.graph.outputs[0].as_tensor.name = 'x';
        json.graph_module.signature.output_specs[0].user_output.arg.as_tensor.name = 'x';
      },
      (json: ProgramJson) => {
        json.graph_module.graph.nodes[0].inputs[0].name = long;
      },
      (json: ProgramJson) => {
        json.graph_module.graph.nodes[0].inputs[0].arg = { [long]: 1 };
      },
      (json: ProgramJson) => {
        json.graph_module.graph.tensor_values.p_w.sizes = new Array(10_000).fill({ as_int: 1 });
      },
      (json: ProgramJson) => {
        json.graph_module.module_call_graph[0].signature.out_spec = JSON.stringify([
          1,
          { type: long, context: '', children_spec: [] },
        ]);
      },
    ]) {
      const error = await errorOf(programBytes({ ...TIMES_WEIGHT, change }));
      expect(error.message).to.match(/: expected .+, got /);
      expect(error.message.length).to.be.below(2000);
    }
  });
});
