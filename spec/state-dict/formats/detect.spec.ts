import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { detectFormat } from '../../../src/state-dict/formats/detect.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { errorOf, safetensorsFile, utf8 } from '../support.js';

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

describe('detectFormat', () => {
  it('recognises safetensors files, from the smallest on', () => {
    expect(detectFormat(writeSafetensors(new Map()))).to.equal('safetensors');
    expect(detectFormat(safetensorsFile('{}'))).to.equal('safetensors');
    expect(detectFormat(safetensorsFile(' \n{}'))).to.equal('safetensors');
  });

  it('takes a safetensors file whose header length spells the magic of a zip or pickle as safetensors', () => {
    for (const magic of ['PK\x03\x04', '\x80\x02\x00\x00', '\x1f\x8b\x08\x00', '{"a"', '   {', '<htm']) {
      const file = latin1(`${magic}\0\0\0\0{"a":1}`);
      expect(detectFormat(file), magic).to.equal('safetensors');
    }
  });

  it('recognises JSON text, from the smallest on and past white space', () => {
    for (const text of ['{}', '{"w":1}', ' \t\r\n {}', '          {"w": [1]}', '[1]', '{', '\ufeff{}']) {
      expect(detectFormat(utf8(text)), JSON.stringify(text)).to.equal('json');
    }
  });

  it('leaves files that only resemble safetensors to its reader', () => {
    expect(detectFormat(latin1('\x08\0\0\0\0\0\0\0'))).to.equal('safetensors');
    expect(detectFormat(latin1('\x08\0\0\0\0\0\0\0\xff'))).to.equal('safetensors');
  });

  it('recognises the files of torch.save and of NumPy, old and new', () => {
    const cases: [string, string][] = [
      ['PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\x14\0archive/data.pkl', 'torch'],
      ['PK\x03\x04\0\0\0\0\0\0\0\0\0\0', 'torch'],
      ['\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.', 'torch'],
      ['\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.', 'torch'],
      ['\x80\x04\x95\x10\0\0\0\0\0\0\0', 'pickle'],
      ['\x80\x02}q\0(X', 'pickle'],
      ['}q\0(X\x01\0\0\0aq', 'pickle'],
      ['((dp0\nVa\n', 'pickle'],
      ['ccollections\nOrderedDict\np0\n', 'pickle'],
      ['cnumpy.core.multiarray\n_reconstruct\n', 'pickle'],
      [`${'sys_info'.padEnd(257, '\0')}ustar`, 'torch'],
      ["\x93NUMPY\x01\0v\0{'descr'", 'npy'],
      ['PK\x03\x04\x2d\0\0\0\0\0\0\0\x21\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x05\0\x14\0w.npy', 'npz'],
    ];
    for (const [text, format] of cases)
      expect(detectFormat(latin1(text)), JSON.stringify(text)).to.equal(format);
  });

  describe('refuses, with what to do about it,', () => {
    const cases: [string, Uint8Array, string, string][] = [
      [
        'an HDF5 file',
        latin1('\x89HDF\r\n\x1a\n\0\0\0\0\0\x08'),
        'an HDF5 file, as Keras writes',
        'If it is a Keras model, convert it (tensorflowjs_converter --input_format=keras model.h5 web/), ' +
          'and load web/model.json by loadKerasModel of tfjs-torch-rnn/keras',
      ],
      [
        'an ONNX model',
        latin1('\x08\x08\x12\x07pytorch'),
        'an ONNX model',
        'ONNX has gates in another order: save the PyTorch model that it was exported from, ' +
          'torch.save(model.state_dict(), "state_dict.pt")',
      ],
      [
        'a SavedModel',
        latin1('\x08\x01\x12\xb4\x02'),
        'a SavedModel of TensorFlow',
        'It is not a PyTorch file: load it with the framework that wrote it',
      ],
      [
        'a GGUF file',
        latin1('GGUF\x03\0\0\0'),
        'a GGUF file, as llama.cpp reads',
        'Read the safetensors or PyTorch file that it was made of',
      ],
      ['a bzip2 file', latin1('BZh91AY'), 'a file that bzip2 compressed', 'Decompress it first'],
      [
        'a gzip file, whose content is judged elsewhere',
        new Uint8Array(gzipSync('{}')),
        'a gzip file in a gzip file',
        'Decompress it first: gunzip, or DecompressionStream("gzip")',
      ],
      [
        'a Git LFS pointer',
        utf8('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
        'a Git LFS pointer, which stands for the file in a clone without Git LFS',
        'Fetch the file itself: git lfs pull',
      ],
      [
        'an HTML page',
        utf8('\n<!DOCTYPE html><title>404</title>'),
        'an HTML or XML page',
        'The URL answers with a page, not a file: open it in a browser to see which',
      ],
    ];
    for (const [name, bytes, got, remedy] of cases) {
      it(name, () => {
        const error = errorOf(() => detectFormat(bytes));
        expect(error).to.be.instanceOf(UnsupportedError);
        expect(error.message).to.equal(
          `file: format: expected one of tensors (safetensors, torch.save, torch.export.save, pickle.dump, NumPy, JSON), got ${got}. ${remedy}`,
        );
      });
    }

    it('an empty file', () => {
      const error = errorOf(() => detectFormat(new Uint8Array(0)));
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'TRUNCATED');
      expect(error.message).to.equal(
        'file: format: expected one of tensors (safetensors, torch.save, torch.export.save, pickle.dump, NumPy, JSON), got 0 bytes',
      );
    });

    it('bytes that resemble nothing, as text only where all are', () => {
      const got = (text: string) => errorOf(() => detectFormat(latin1(text))).message.split('got ')[1];
      expect(got('impo')).to.equal('bytes 69 6d 70 6f ("impo")');
      expect(got('a\tb\n')).to.equal('bytes 61 09 62 0a ("a\\tb\\n")');
      for (const byte of ['\x00', '\x7f', '\xe4'])
        expect(got(`ab${byte}`)).to.match(/^bytes 61 62 [0-9a-f]{2}$/);
    });

    it('bytes that resemble nothing, by their values', () => {
      const error = errorOf(() => detectFormat(latin1('version https://git-lfs')));
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'UNKNOWN_FORMAT');
      expect(error.message).to.equal(
        'file: format: expected one of tensors (safetensors, torch.save, torch.export.save, pickle.dump, NumPy, JSON), got bytes 76 65 72 73 69 6f 6e 20 ("version ...")',
      );
    });
  });
});
