/** Zip archives that neither torch.save nor NumPy wrote. */

import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { showEntries, unpackRemedy } from './names.js';

const STATE_DICT = 'Save its state_dict in Python';

/** Archives of known writers, by the last part of the name of an entry. */
const KNOWN = new Map<string, readonly [kind: string, remedy: string]>([
  [
    'constants.pkl',
    [
      'a TorchScript archive',
      `${STATE_DICT}: torch.save(torch.jit.load("model.pt", map_location="cpu").state_dict(), "state_dict.pt")`,
    ],
  ],
  [
    'serialized_exported_program.json',
    [
      'a program of torch.export before 2.7',
      `${STATE_DICT}: torch.save(torch.export.load("model.pt2").state_dict, "state_dict.pt")`,
    ],
  ],
  [
    'model.weights.h5',
    [
      'a Keras model',
      'Convert it (tensorflowjs_converter --input_format=keras_keras --output_format=tfjs_layers_model model.keras web/), ' +
        'and load web/model.json by loadKerasModel of tfjs-torch-rnn/keras',
    ],
  ],
]);

/** Records that every file of torch.save has, whatever else it lacks. */
const OF_TORCH = /^[^/]*\/(data\.pkl|\.?data\/.*|version|byteorder)$/;

/**
 * Refuses an archive of another writer.
 *
 * @throws UnsupportedError with what it is, its entries, and what to do.
 */
export function refuseForeignArchive(names: readonly string[]): void {
  for (const name of names) {
    const [kind, remedy] = KNOWN.get(name.slice(name.indexOf('/') + 1)) ?? [];
    if (kind !== undefined) throw refusal(kind, remedy);
  }
  if (names.length === 0 || names.some((name) => OF_TORCH.test(name))) return;
  if (names.includes('data.pkl')) {
    const remedy =
      'Pack its folder, and not what is in it: every entry is in one folder, as in "archive/data.pkl"';
    throw refusal('what torch.save writes, without its folder', remedy);
  }
  throw refusal(`a zip archive ${showEntries(names)}`, unpackRemedy('unzip', names));
}

function refusal(got: string, remedy: string | undefined): UnsupportedError {
  return new UnsupportedError(
    message('torch', 'file', 'what torch.save writes of a state_dict', got, remedy),
  );
}
