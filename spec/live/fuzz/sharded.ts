/** A model in two files whose index is changed. The files are real, since the test is which of them are opened. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStateDict } from '../../../src/state-dict/read.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import type { Random } from '../../support/random.js';
import { LIMITS, type Verdict, verdictOf } from './judge.js';
import { mutatedText } from './text-mutations.js';

const INDEX = {
  metadata: { total_size: 24 },
  weight_map: {
    'a.weight': 'model-00001-of-00002.safetensors',
    'a.bias': 'model-00001-of-00002.safetensors',
    'b.weight': 'model-00002-of-00002.safetensors',
  },
};
const WORDS = [
  '"model-00001-of-00002.safetensors"',
  '"model-00002-of-00002.safetensors"',
  '"outside.safetensors"',
  '"link.safetensors"',
  '"folder"',
  '"."',
  '".."',
  '"a.weight"',
];

/** The folder of a model, with a file outside it that no index may reach. */
export class ShardedModel {
  private readonly root = mkdtempSync(join(tmpdir(), 'fuzz-'));
  private readonly index = join(this.root, 'model', 'model.safetensors.index.json');

  constructor() {
    mkdirSync(join(this.root, 'model', 'folder'), { recursive: true });
    this.write('outside.safetensors', ['outside', 'a.weight', 'b.weight']);
    this.write('model/model-00001-of-00002.safetensors', ['a.weight', 'a.bias']);
    this.write('model/model-00002-of-00002.safetensors', ['b.weight']);
    symlinkSync(join(this.root, 'outside.safetensors'), join(this.root, 'model', 'link.safetensors'));
  }

  /** The values of a tensor tell its file. */
  private write(path: string, names: readonly string[]): void {
    const value = path.startsWith('model/') ? 1 : -1;
    const tensor: TorchTensor = { dtype: 'F32', shape: [2], data: new Float32Array([value, value]) };
    writeFileSync(join(this.root, path), writeSafetensors(new Map(names.map((name) => [name, tensor]))));
  }

  /** An index. */
  make(random: Random): Uint8Array {
    const text = Buffer.from(JSON.stringify(INDEX));
    return mutatedText(text, random, () => text, WORDS);
  }

  async judge(index: Uint8Array): Promise<Verdict> {
    writeFileSync(this.index, index);
    try {
      const stateDict = await readStateDict(this.index, { limits: LIMITS, onReport: () => {} });
      const inside = [...stateDict.values()].every(({ data }) => data[0] === 1);
      if (!inside) throw new TypeError('a file outside the folder was read');
      return 'read';
    } catch (error) {
      // The reader passes the file system's errors on: a file is missing, or is a folder.
      if (
        error instanceof Error &&
        error.constructor === Error &&
        error.message.startsWith('readStateDict: ')
      )
        return 'not there';
      return verdictOf(error);
    }
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
