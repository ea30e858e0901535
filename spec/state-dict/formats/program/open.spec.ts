import { expect } from 'chai';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { FormatError, UnsupportedError } from '../../../../src/errors.js';
import { describeSource } from '../../../../src/state-dict/describe.js';
import { parseStateDict } from '../../../../src/state-dict/index.js';
import { resolveLimits } from '../../../../src/state-dict/rules/limits.js';
import { fixtureBytes } from '../../../support/node/files.js';
import { type ProgramJson, programBytes, type StoredSpec } from '../../../support/program-files.js';
import { errorOf, expectSameBits } from '../../support.js';

const CONFIG = 'data/weights/model_weights_config.json';

const STORED: StoredSpec = { kind: 'parameter', name: 'w', tensor: ['p_w', [2]], values: [1, 2] };

/** A program with one weight, whose list of weights is changed. */
function changed(change: (config: ProgramJson, files: Record<string, Uint8Array>) => void): Uint8Array {
  return programBytes({ stored: [STORED], inputs: [], calls: [], outputs: ['p_w'] }, (files) => {
    const config = JSON.parse(new TextDecoder().decode(files[CONFIG]));
    change(config.config, files);
    files[CONFIG] = strToU8(JSON.stringify(config));
  });
}

function readError(bytes: Uint8Array) {
  return errorOf(() => parseStateDict(bytes));
}

/** The archive under other names of entries. */
function renamed(name: (own: string) => string): Uint8Array {
  const files = unzipSync(fixtureBytes('program/weights.pt2'));
  return zipSync(Object.fromEntries(Object.entries(files).map(([own, bytes]) => [name(own), bytes])));
}

describe('openProgram', () => {
  const bytes = fixtureBytes('program/weights.pt2');

  it('reads the state_dict of a program: ties, views, every dtype, no buffer that is not persistent', () => {
    const expected = parseStateDict(fixtureBytes('program/weights.safetensors'));
    for (const options of [{}, { format: 'program' } as const]) {
      const stateDict = parseStateDict(bytes, options);
      expect([...stateDict.keys()]).to.have.members([...expected.keys()]);
      expectSameBits(
        new Map([...expected.keys()].map((key) => [key, stateDict.get(key) as never])),
        expected,
      );
      expect(stateDict.get('out.weight')?.data).to.equal(stateDict.get('embedding.weight')?.data);
    }
  });

  it('describes tied weights as one, and reads selected modules', async () => {
    const description = await describeSource('test', bytes, { limits: resolveLimits('test') });
    expect(description).to.include({ format: 'program', files: 1 });
    expect(description.tensors.get('out.weight')).to.include({ sameAs: 'embedding.weight' });
    expect([...parseStateDict(bytes, { select: ['out'] }).keys()]).to.deep.equal(['out.weight']);
  });

  it('takes any name of the folder, and swaps the bytes of a big-endian archive', () => {
    expect(parseStateDict(renamed((own) => own.replace('archive/', 'x/'))).size).to.equal(9);
    const big = changed((_, files) => {
      files.byteorder = strToU8('big');
      files['data/weights/tensor_0'] = Uint8Array.of(0x3f, 0x80, 0, 0, 0x40, 0, 0, 0);
    });
    expect([...(parseStateDict(big).get('w')?.data ?? [])]).to.deep.equal([1, 2]);
  });

  it('refuses entries outside of one folder, and two of one name', () => {
    expect(readError(renamed((own) => own.replace('archive/byteorder', 'byteorder'))).message).to.equal(
      'program: archive: expected every entry in one folder, as in "archive/models/model.json", got entry "byteorder". ' +
        'torch did not write this archive',
    );
    const twice = changed((_, files) => {
      files['data/weights/TENSOR_0'] = new Uint8Array(8);
    });
    expect(readError(twice)).to.include({ code: 'DUPLICATE_NAME' });
  });

  it('refuses tensors that leave their storage, and names a record that is missing', () => {
    for (const meta of [
      { sizes: [{ as_int: 3 }] },
      { strides: [{ as_int: 2 }] },
      { storage_offset: { as_int: 1 } },
      { storage_offset: { as_int: -1 } },
      { strides: [{ as_int: -1 }] },
      { sizes: [{ as_int: 2 }, { as_int: 1 }] },
      { sizes: [{ as_int: 2 ** 40 }], strides: [{ as_int: 2 ** 40 }] },
    ]) {
      const error = readError(changed((config) => Object.assign(config.w.tensor_meta, meta)));
      expect(error, JSON.stringify(meta)).to.include({ code: 'INVALID_TENSOR' });
    }
    const lost = changed((config) => {
      config.w.path_name = '../weights/tensor_0';
    });
    expect(readError(lost)).to.include({
      code: 'MISSING_PART',
      message: 'program: archive: expected a record "data/weights/../weights/tensor_0", got none',
    });
    const listless = renamed((own) => own.replace('weights_config', 'weights-config'));
    expect(readError(listless)).to.include({
      code: 'MISSING_PART',
      message: 'program: archive: expected a record "data/weights/model_weights_config.json", got none',
    });
    const wrong = changed((config) => {
      config.w.tensor_meta.sizes = 'all';
    });
    expect(readError(wrong)).to.include({ code: 'INVALID_STRUCTURE' });
  });

  it('refuses a pickled or complex128 tensor where it is asked for', () => {
    for (const [change, reason] of [
      [{ use_pickle: true }, 'a pickle (use_pickle)'],
      [{ tensor_meta: { dtype: 11 } }, 'one of dtype 11'],
    ] as const) {
      const other = changed((config) => {
        config.v = { ...config.w, ...change };
      });
      expect([...parseStateDict(other, { select: ['w'] }).keys()]).to.deep.equal(['w']);
      expect(readError(other)).to.be.instanceOf(UnsupportedError);
      expect(readError(other).message).to.equal(
        `program: tensor "v": expected a plain tensor, got ${reason}. Leave it out with select, or save it as a plain tensor`,
      );
    }
  });

  it('says what other archives are', () => {
    const zip = (...names: string[]) =>
      zipSync(Object.fromEntries(names.map((name) => [name, strToU8('x')])));
    const messageOf = (archive: Uint8Array, format?: 'program') =>
      errorOf(() => parseStateDict(archive, { format })).message;
    expect(messageOf(zip('model/archive_format', 'model/data/aotinductor/model/model.so'))).to.equal(
      'program: file: expected an archive with models/model.json, got a package of torch.export without it. ' +
        'torch.export.save(torch_rnn_export.export(model, args), path) writes a program, with the torch_rnn_export.py ' +
        'that npx tfjs-torch-rnn export-script prints',
    );
    expect(messageOf(zip('archive/data.pkl', 'archive/version'), 'program')).to.contain(
      'got a file of torch.save. readStateDict reads its weights',
    );
    expect(messageOf(zip('serialized_exported_program.json'))).to.contain(
      'a program of torch.export before 2.7. Save its state_dict in Python: ' +
        'torch.save(torch.export.load("model.pt2").state_dict, "state_dict.pt")',
    );
    expect(messageOf(zip('archive/models/model.json', 'archive/data/weights/model.pt'))).to.equal(
      'program: file: expected each weight in a file of its own, got "data/weights/model.pt" of an older version of torch. ' +
        'Save it again in torch 2.13: torch.export.save(torch.export.load(path), path)',
    );
    expect(errorOf(() => parseStateDict(bytes, { format: 'torch' }))).to.be.instanceOf(FormatError);
  });
});
