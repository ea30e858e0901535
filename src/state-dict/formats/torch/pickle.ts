import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { type Reading, readRange } from '../../reading/reading.js';
import type { Checkpoint, InputFile } from '../checkpoint.js';
import { unpickle } from '../pickle/unpickle.js';
import { interpret } from './objects/tree.js';

const WHERE = 'pickle';

/** What to do with the parts of an archive of torch's, which some tools unpack. */
export const PACK =
  'Pack its folder in Python: shutil.make_archive("model", "zip", "PARENT", "FOLDER"), and read model.zip';

/**
 * Opens what `pickle.dump` wrote: containers of PyTorch's tensors, of NumPy's arrays, or whole modules, in any protocol. The
 * elements are in the pickle, so the file is read as a whole. Of several pickles in one file the first is read, as by `pickle.load`.
 *
 * @throws UnsupportedError for the pickle of an unpacked archive, whose elements are in other files.
 */
export function* openPickle(file: InputFile): Reading<Checkpoint> {
  const bytes = yield* readRange(0, file.size);
  const unpickled = unpickle(bytes, { work: file.work, what: 'file' });
  if (unpickled.persistent.length > 0) {
    const got = 'the data.pkl of an archive of torch.save, whose elements are in files beside it';
    throw new UnsupportedError(message(WHERE, 'file', 'a pickle with its elements', got, PACK));
  }
  const rest = bytes.length - unpickled.end;
  const lost = `Left out, as pickle.load does: ${rest} bytes behind the first pickle of the file.`;
  return {
    ...interpret(unpickled, new Map(), file, { format: 'pickle' }),
    ...(rest > 0 && { lost: [lost] }),
  };
}
