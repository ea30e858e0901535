/** Known formats that are not read, by their first bytes. */

import { hasMark } from '../../tensors/bytes.js';

export interface ForeignFormat {
  readonly name: string;
  readonly remedy: string;
  matches(bytes: Uint8Array): boolean;
}

const OTHER_FRAMEWORK = 'It is not a PyTorch file: load it with the framework that wrote it';

const DECOMPRESS = 'Decompress it first';

/**
 * The field tags that follow the version at the beginning of an ONNX model: producer, domain, graph or operator sets. The versions
 * begin at 3; a SavedModel of TensorFlow has version 1.
 */
const ONNX_TAGS: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];
const VERSION_TAG = 0x08;

export const FOREIGN_FORMATS: readonly ForeignFormat[] = [
  {
    name: 'an HDF5 file, as Keras writes',
    remedy:
      'If it is a Keras model, convert it (tensorflowjs_converter --input_format=keras model.h5 web/), ' +
      'and load web/model.json by loadKerasModel of tfjs-torch-rnn/keras',
    matches: (bytes) => hasMark(bytes, '\x89HDF\r\n\x1a\n'),
  },
  {
    name: 'an ONNX model',
    remedy:
      'ONNX has gates in another order: save the PyTorch model that it was exported from, ' +
      'torch.save(model.state_dict(), "state_dict.pt")',
    matches: ([tag, version, next]) =>
      tag === VERSION_TAG && version >= 3 && version < 0x20 && ONNX_TAGS.includes(next),
  },
  {
    name: 'a SavedModel of TensorFlow',
    remedy: OTHER_FRAMEWORK,
    matches: ([tag, version, next]) => tag === VERSION_TAG && version === 1 && next === 0x12,
  },
  {
    name: 'a GGUF file, as llama.cpp reads',
    remedy: 'Read the safetensors or PyTorch file that it was made of',
    matches: (bytes) => hasMark(bytes, 'GGUF'),
  },
  { name: 'a file that bzip2 compressed', remedy: DECOMPRESS, matches: (bytes) => hasMark(bytes, 'BZh') },
  { name: 'a file that xz compressed', remedy: DECOMPRESS, matches: (bytes) => hasMark(bytes, '\xfd7zXZ\0') },
  {
    name: 'a file that zstd compressed',
    remedy: DECOMPRESS,
    matches: (bytes) => hasMark(bytes, '\x28\xb5\x2f\xfd'),
  },
  {
    name: 'a 7z archive',
    remedy: 'Unpack it first',
    matches: (bytes) => hasMark(bytes, '7z\xbc\xaf\x27\x1c'),
  },
];
