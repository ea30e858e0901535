/** Files carry tensors of every dtype both ways, bit for bit. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readStateDict, type StateDict, writeSafetensors } from '../../../src/state-dict/index.js';
import { encodeTensor, TYPED_ARRAYS } from '../../support/fixtures.js';
import { Random } from '../../support/random.js';
import { check } from '../command.js';
import { compareContainers } from './containers.js';
import type { Session } from './session.js';
import { expectSame } from './state-dicts.js';
import { compareWholeModules } from './whole-modules.js';

type Dtype = keyof typeof TYPED_ARRAYS;
const DTYPES = Object.keys(TYPED_ARRAYS) as Dtype[];

const FILLED_SHAPES = [[], [1], [7], [3, 5], [2, 3, 5, 1]];
const SHAPES = [...FILLED_SHAPES, [0], [2, 0, 3]];

interface Form {
  /** The name of the format in oracle/main.py. */
  readonly format: string;
  readonly dtypes: readonly Dtype[];
  readonly shapes: readonly (readonly number[])[];
}

/** Plain nested lists tell neither dtypes nor the sizes inside an empty tensor. */
const FORMS: readonly Form[] = [
  { format: 'safetensors', dtypes: DTYPES, shapes: SHAPES },
  { format: 'lists', dtypes: ['F32', 'BOOL'], shapes: FILLED_SHAPES },
  { format: 'numbers', dtypes: DTYPES, shapes: FILLED_SHAPES },
  { format: 'base64', dtypes: DTYPES, shapes: SHAPES },
];

export function compareFiles(session: Session): void {
  const { seed } = session;
  const again = session.again({ part: 'files' });
  for (const form of FORMS)
    check(`${form.format} from Python`, again, async () => {
      const path = join(session.folder, `python.${form.format}`);
      const { stateDict } = await session.oracle.ask<Saved>({ command: 'save', seed, path, ...form });
      await expectSame(await readStateDict(path), stateDict);
    });
  check('writeSafetensors repeats the bytes of safetensors.torch.save_file', again, async () => {
    const bytes = await readFile(join(session.folder, 'python.safetensors'));
    const written = writeSafetensors(await readStateDict(bytes), { format: 'pt' });
    if (!bytes.equals(written)) throw new Error(`${written.length} bytes differ from ${bytes.length}`);
  });
  check('load_state_dict(strict) of what writeSafetensors wrote', again, async () => {
    const written = randomStateDict(new Random(seed));
    const path = join(session.folder, 'typescript.safetensors');
    await writeFile(path, writeSafetensors(written, { format: 'pt' }));
    const tensors = Object.fromEntries([...written].map(([name, tensor]) => [name, encodeTensor(tensor)]));
    const { stateDict } = await session.oracle.ask<Saved>({ command: 'load', path, tensors });
    await expectSame(stateDict, written);
  });
  compareContainers(session);
  compareWholeModules(session);
}

interface Saved {
  readonly stateDict: StateDict;
}

/** Every bit pattern of every dtype; a BOOL is 0 or 1. */
function randomStateDict(random: Random): StateDict {
  const stateDict: StateDict = new Map();
  for (const dtype of DTYPES) {
    const ArrayType = TYPED_ARRAYS[dtype];
    for (const [i, shape] of SHAPES.entries()) {
      const count = shape.reduce((product, size) => product * size, 1);
      const max = dtype === 'BOOL' ? 1 : 255;
      const bytes = Uint8Array.from({ length: count * ArrayType.BYTES_PER_ELEMENT }, () =>
        random.integer(0, max),
      );
      stateDict.set(`größe.${dtype}.${i}`, { dtype, shape, data: new ArrayType(bytes.buffer) });
    }
  }
  return stateDict;
}
