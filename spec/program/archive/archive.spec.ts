/** Archives that break a rule of theirs: each is refused with a typed error, and none is half read. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { strToU8, zipSync } from 'fflate';
import { FormatError, UnsupportedError, writeSafetensors } from '../../../src/index.js';
import { readExportedProgram } from '../../../src/program/index.js';
import {
  FLOAT64,
  type ProgramJson,
  programBytes,
  type StoredSpec,
  TIMES_WEIGHT,
  WEIGHT,
} from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';

type Files = Record<string, Uint8Array>;

const changed = (change: (json: ProgramJson) => void) => programBytes({ ...TIMES_WEIGHT, change });
const graphOf = (json: ProgramJson) => json.graph_module.graph;
const signatureOf = (json: ProgramJson) => json.graph_module.signature;
const rewritten = (name: string, change: (json: ProgramJson) => void) => (files: Files) => {
  const json = JSON.parse(new TextDecoder().decode(files[name]));
  change(json);
  files[name] = strToU8(JSON.stringify(json));
};
const CONFIG = 'data/weights/model_weights_config.json';
const withMeta = (change: (meta: ProgramJson) => void) =>
  programBytes(
    TIMES_WEIGHT,
    rewritten(CONFIG, ({ config }) => change(config.w.tensor_meta)),
  );

const FAULTS: readonly (readonly [
  what: string,
  bytes: () => Uint8Array<ArrayBuffer>,
  code: string,
  text: string,
])[] = [
  ['bytes that are no archive', () => strToU8('not a zip'), 'TRUNCATED', 'zip'],
  [
    'a graph that is no JSON',
    () =>
      programBytes(TIMES_WEIGHT, (files) => {
        files['models/model.json'] = strToU8('{"a":');
      }),
    'INVALID_SYNTAX',
    'models/model.json',
  ],
  [
    'a graph that is nested too deep',
    () =>
      programBytes(TIMES_WEIGHT, (files) => {
        files['models/model.json'] = strToU8('['.repeat(1000));
      }),
    'TOO_LARGE',
    'models/model.json',
  ],
  [
    'a member that is missing',
    () => changed((json) => delete graphOf(json).nodes),
    'INVALID_STRUCTURE',
    'models/model.json: graph_module.graph: expected a member "nodes", got an object without',
  ],
  [
    'a value of another type',
    () =>
      changed((json) => {
        graphOf(json).nodes[0].target = 3;
      }),
    'INVALID_STRUCTURE',
    'models/model.json: graph_module.graph.nodes[0].target: expected a string, got 3',
  ],
  [
    'a value that is not defined',
    () =>
      changed((json) => {
        graphOf(json).outputs[0].as_tensor.name = 'z';
      }),
    'INVALID_STRUCTURE',
    'graph.outputs[0]: expected a value that is defined before, got "z"',
  ],
  [
    'a value that is defined twice',
    () =>
      changed((json) => {
        graphOf(json).nodes[0].outputs[0].as_tensor.name = 'x';
      }),
    'INVALID_STRUCTURE',
    'nodes[0].outputs[0]: expected each value to be defined once, got "x" again',
  ],
  [
    'a call of its own result',
    () =>
      changed((json) => {
        graphOf(json).nodes[0].inputs[0].arg.as_tensor.name = 'y';
      }),
    'INVALID_STRUCTURE',
    'nodes[0].inputs[0]: expected a value that is defined before, got "y"',
  ],
  [
    'a tensor that is used as a number',
    () =>
      changed((json) => {
        graphOf(json).nodes[0].inputs[1].arg = { as_sym_int: { as_name: 'x' } };
      }),
    'INVALID_STRUCTURE',
    'nodes[0].inputs[1]: expected a number, got the tensor "x"',
  ],
  [
    'a tensor without dtype and sizes',
    () => changed((json) => delete graphOf(json).tensor_values.y),
    'INVALID_STRUCTURE',
    'expected a tensor that is among tensor_values, got "y"',
  ],
  [
    'the number of no dtype',
    () =>
      changed((json) => {
        graphOf(json).tensor_values.y.dtype = 99;
      }),
    'INVALID_STRUCTURE',
    'dtype: expected the number of a dtype, got 99',
  ],
  [
    'an argument with two kinds',
    () =>
      changed((json) => {
        graphOf(json).outputs[0].as_int = 3;
      }),
    'INVALID_STRUCTURE',
    'graph.outputs[0]: expected an object with one member, got an object',
  ],
  [
    'a signature with too few entries',
    () => changed((json) => void signatureOf(json).input_specs.pop()),
    'INVALID_STRUCTURE',
    'signature.input_specs: expected 2 entries, one for each value of the graph, got 1',
  ],
  [
    'a signature in another order',
    () => changed((json) => void signatureOf(json).input_specs.reverse()),
    'INVALID_STRUCTURE',
    'input_specs[0]: expected an entry for "p_w", got "x"',
  ],
  [
    'two parameters of one name',
    () =>
      programBytes({
        ...TIMES_WEIGHT,
        stored: [WEIGHT, { ...WEIGHT, tensor: ['p_v', [2]] }],
      }),
    'INVALID_STRUCTURE',
    'input_specs: expected names that differ, got "w" twice',
  ],
  [
    'a parameter without a name',
    () => programBytes({ ...TIMES_WEIGHT, stored: [{ ...WEIGHT, name: '' }] }),
    'INVALID_STRUCTURE',
    'input_specs: expected names of one character or more, got ""',
  ],
  [
    'a parameter of open sizes',
    () => programBytes({ ...TIMES_WEIGHT, stored: [{ ...WEIGHT, tensor: ['p_w', ['b']] }] }),
    'INVALID_STRUCTURE',
    'input_specs: expected tensors of fixed sizes, got "w" of an open one',
  ],
  [
    'a parameter that the graph takes as a number',
    () =>
      changed((json) => {
        graphOf(json).inputs[0] = { as_sym_int: { as_name: 'p_w' } };
        graphOf(json).nodes[0].inputs[1].arg = { as_sym_int: { as_name: 'p_w' } };
      }),
    'INVALID_STRUCTURE',
    'input_specs[0]: expected an entry for a number, got one for a tensor',
  ],
  [
    'an input that is a list',
    () =>
      changed((json) => {
        graphOf(json).inputs[1] = { as_tensors: [{ name: 'x' }] };
        signatureOf(json).input_specs[1].user_input.arg = { as_tensors: [{ name: 'x' }] };
      }),
    'INVALID_STRUCTURE',
    'input_specs[1]: expected a single value, got a list',
  ],
  [
    'a new value of a buffer that is none',
    () =>
      changed((json) => {
        signatureOf(json).output_specs[0] = { buffer_mutation: { arg: { name: 'y' }, buffer_name: 'v' } };
      }),
    'INVALID_STRUCTURE',
    'output_specs: expected new values of stored tensors, one of each, got "v"',
  ],
  [
    'a new value of other sizes',
    () =>
      changed((json) => {
        signatureOf(json).output_specs[0] = {
          parameter_mutation: { arg: { name: 'y' }, parameter_name: 'w' },
        };
      }),
    'INVALID_STRUCTURE',
    'output_specs: expected a new value of "w" of F32 [2], got F32 [b, 2]',
  ],
  [
    'a tree with other leaves than the signature',
    () =>
      changed((json) => {
        json.graph_module.module_call_graph[0].signature.out_spec =
          '[1, {"type": "builtins.list", "context": "null", "children_spec": []}]';
      }),
    'INVALID_STRUCTURE',
    'out_spec: expected a tree of 1 values, as in the signature, got one of 0',
  ],
  [
    'a tree of another class',
    () =>
      changed((json) => {
        json.graph_module.module_call_graph[0].signature.out_spec =
          '[1, {"type": "my.Result", "context": "null", "children_spec": []}]';
      }),
    'INVALID_STRUCTURE',
    'expected a list, tuple or dict, got a my.Result',
  ],
  [
    'a tensor without a file',
    () => programBytes(TIMES_WEIGHT, (files) => void delete files['data/weights/tensor_0']),
    'MISSING_PART',
    'expected a record "data/weights/tensor_0", got none',
  ],
  [
    'a parameter that is not in the archive',
    () =>
      programBytes(
        TIMES_WEIGHT,
        rewritten(CONFIG, (json) => {
          json.config = {};
        }),
      ),
    'MISSING_PART',
    'tensor "w": expected one in data/, got none',
  ],
  [
    'elements beyond the file',
    () =>
      withMeta((meta) => {
        meta.storage_offset.as_int = 1;
      }),
    'INVALID_TENSOR',
    'tensor "w": expected elements inside its 8 bytes, got [2] from 1',
  ],
  [
    'a size that no file has',
    () =>
      withMeta((meta) => {
        meta.sizes[0].as_int = 2 ** 40;
      }),
    'INVALID_TENSOR',
    'tensor "w"',
  ],
  [
    'a negative stride',
    () =>
      withMeta((meta) => {
        meta.strides[0].as_int = -1;
      }),
    'INVALID_TENSOR',
    'tensor "w"',
  ],
  [
    'another dtype than the graph says',
    () => withMeta((meta) => void Object.assign(meta, { dtype: 4 })),
    'INCONSISTENT',
    'tensor "w": expected F32 [2], as in the graph, got I32 [2]',
  ],
  [
    'another byte order than there is',
    () =>
      programBytes(TIMES_WEIGHT, (files) => {
        files.byteorder = strToU8('middle');
      }),
    'INVALID_STRUCTURE',
    'byteorder: expected little or big, got "middle"',
  ],
];

const UNSUPPORTED: readonly (readonly [what: string, bytes: () => Uint8Array<ArrayBuffer>, text: string])[] =
  [
    [
      'another major version',
      () =>
        changed((json) => {
          json.schema_version.major = 9;
        }),
      'program: schema_version: expected 8.x, of torch 2.7 to 2.13, got 9.20',
    ],
    [
      'the layout of torch before 2.7',
      () => new Uint8Array(zipSync({ 'serialized_exported_program.json': strToU8('{}') })),
      'got the layout of torch before 2.7. Export it with torch 2.7 or newer',
    ],
    [
      'a file of torch.save',
      () => new Uint8Array(zipSync({ 'a/data.pkl': strToU8('') })),
      'got a file of torch.save. readStateDict reads its weights; torch.export.save(torch_rnn_export.export(model, args), path) writes a program, with the torch_rnn_export.py that npx tfjs-torch-rnn export-script prints',
    ],
    [
      'a file of weights',
      () => writeSafetensors(new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]])),
      'program: file: expected an archive with models/model.json, got a file of safetensors. readStateDict reads weights of that format; torch.export.save(torch_rnn_export.export(model, args), path) writes a program',
    ],
    [
      'a page',
      () => strToU8('<!doctype html><title>404</title>'),
      'got an HTML or XML page. The URL answers with a page, not a file',
    ],
    [
      'another archive',
      () => new Uint8Array(zipSync({ 'a.txt': strToU8('') })),
      'expected an archive with models/model.json, got another archive',
    ],
    [
      'pickled weights',
      () =>
        programBytes(
          TIMES_WEIGHT,
          rewritten(CONFIG, ({ config }) => {
            config.w.use_pickle = true;
          }),
        ),
      '"w": expected plain elements, got a pickle (use_pickle)',
    ],
    [
      'an unknown kind of argument',
      () =>
        changed((json) => {
          graphOf(json).nodes[0].inputs[1].arg = { as_custom_obj: {} };
        }),
      'expected what this version reads, got an argument of kind as_custom_obj',
    ],
    [
      'an input of another kind',
      () =>
        changed((json) => {
          signatureOf(json).input_specs[1] = { token: { arg: { name: 'x' } } };
        }),
      'got an input of kind token',
    ],
    [
      'a dtype that tfjs has not',
      () =>
        changed((json) => {
          graphOf(json).tensor_values.y.dtype = 6;
        }),
      'tensors: expected float32, float64, int64, int32 or bool, got y F16. Export the model without autocast, half() and bfloat16() in it',
    ],
    [
      'halves that the model keeps or takes',
      () =>
        changed((json) => {
          graphOf(json).tensor_values.x.dtype = 13;
          graphOf(json).tensor_values.y.dtype = 13;
        }),
      'got x BF16, y BF16. Call model.float() before the export, and export with float32 inputs',
    ],
    [
      'complex numbers, for which there is no remedy',
      () =>
        changed((json) => {
          graphOf(json).tensor_values.y.dtype = 10;
        }),
      'int32 or bool, got y C64',
    ],
    [
      'a recurrent layer whose steps are written out',
      () =>
        changed((json) => {
          const [node] = graphOf(json).nodes;
          node.target = 'torch.ops.aten.sigmoid.default';
          node.metadata.nn_module_stack = 'L__self__,,my.M;L__self__gru,gru,torch.nn.modules.rnn.GRU';
        }),
      'module "gru": expected one call, got 1 activations of single steps. Save it without run_decompositions()',
    ],
  ];

describe('archives of programs', () => {
  before(async () => {
    await tf.setBackend('cpu');
    registerSpecOps();
  });

  async function errorOf(bytes: Uint8Array<ArrayBuffer>): Promise<Error> {
    const { numTensors } = tf.memory();
    try {
      (await readExportedProgram(bytes)).dispose();
    } catch (error) {
      return error as Error;
    } finally {
      expect(tf.memory().numTensors).to.equal(numTensors);
    }
    return new Error('none');
  }

  for (const [what, bytes, code, text] of FAULTS)
    it(`refuse ${what}`, async () => {
      const error = await errorOf(bytes());
      expect(error).to.be.instanceOf(FormatError);
      expect(error.message).to.contain(text);
      expect((error as FormatError).code).to.equal(code);
      expect(error.message).to.match(/^readExportedProgram: bytes: /);
    });

  for (const [what, bytes, text] of UNSUPPORTED)
    it(`refuse ${what} with what to do`, async () => {
      const error = await errorOf(bytes());
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.contain(text);
    });

  it('are read with fields that are not known', async () => {
    const program = await readExportedProgram(
      new Blob([
        changed((json) => {
          json.future = { of: ['torch'] };
        }),
      ]),
    );
    expect(program.weights).to.have.length(1);
    program.dispose();
  });

  it('have float64 rounded and told once', async () => {
    const told: (readonly string[])[] = [];
    const two: StoredSpec[] = ['v', 'w'].map((name) => ({
      ...{ kind: 'parameter', name, tensor: [`p_${name}`, [2], FLOAT64], values: [0.1, 0.2] },
    }));
    const program = await readExportedProgram(programBytes({ ...TIMES_WEIGHT, stored: two }), {
      onWarnings: (warnings) => told.push(warnings),
    });
    expect(told).to.deep.equal([
      ['The program computes in float64 ("v" and 1 others), and here in float32.'],
    ]);
    program.dispose();
  });

  it('are read within limits, of bytes and of work', async () => {
    const error = (await readExportedProgram(programBytes(TIMES_WEIGHT), { limits: { maxBytes: 100 } }).catch(
      (caught) => caught,
    )) as Error;
    expect(error).to.be.instanceOf(RangeError);
    const many = programBytes({
      ...TIMES_WEIGHT,
      change: (json) => {
        json.guards_code = new Array(70_000).fill(0);
      },
    });
    const limited = await readExportedProgram(many, { limits: { maxExpansion: 1, maxTensors: 1 } }).catch(
      (caught) => caught,
    );
    expect([limited.name, limited.code]).to.deep.equal(['FormatError', 'TOO_LARGE']);
  });

  it('refuse options that are not theirs', async () => {
    const reading = (options: object) =>
      readExportedProgram(programBytes(TIMES_WEIGHT), options).catch((error) => error);
    expect((await reading({ select: ['a'] })).message).to.contain(
      'unknown option "select". A program is read whole',
    );
    expect((await reading({ trainFlags: 'maybe' })).message).to.contain(
      'trainFlags: expected one of follow, fixed',
    );
    expect((await reading({ name: '*' })).message).to.contain('name: expected a name of letters');
  });
});
