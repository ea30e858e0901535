/** Storages inside a pickle: `pickle.dump` of a tensor writes the storage as the bytes of a file of torch.save. */

import { runSync } from '../../../reading/drive.js';
import type { UnopenedFile } from '../../checkpoint.js';
import type { PickledBytes } from '../../pickle/bytes.js';
import { asKind, type PickleCall, type PickleObject } from '../../pickle/values.js';
import { readLoneStorage } from '../legacy.js';
import { nameOfGlobal } from './globals.js';
import { invalid, WHERE } from './invalid.js';
import type { Storage, Storages } from './storages.js';

const LOAD_FROM_BYTES = 'torch.storage._load_from_bytes';

/** Whether a call makes a storage of bytes. */
export function makesStorage({ callable }: PickleCall): boolean {
  return nameOfGlobal(callable) === LOAD_FROM_BYTES;
}

/** The storages outside a pickle, and those inside, each read once. */
export class NestedStorages implements Storages {
  private readonly known = new Map<Uint8Array, Storage>();

  constructor(
    private readonly outside: Storages,
    private readonly bytes: PickledBytes,
    private readonly file: Pick<UnopenedFile, 'limits' | 'work'>,
  ) {}

  get(reference: PickleObject): Storage | undefined {
    const call = asKind(reference, 'call');
    return call && makesStorage(call) ? this.inside(call) : this.outside.get(reference);
  }

  private inside(call: PickleCall): Storage {
    const bytes = this.bytes.of(call.args.items[0]);
    if (bytes === undefined) throw invalid('INVALID_STRUCTURE', 'storage', 'bytes of a storage', call.args);
    const known = this.known.get(bytes);
    if (known) return known;
    const file = { ...this.file, where: WHERE, size: bytes.length, head: bytes };
    const storage = runSync(readLoneStorage(file), bytes);
    const { begin, end, around, littleEndian, what } = storage.stored;
    around?.dataBegin(bytes.subarray(around.begin, around.end));
    const own = bytes.subarray(begin, end);
    const stored = { begin: 0, end: own.length, bytes: own, littleEndian, what };
    const made: Storage = { ...storage, stored };
    this.known.set(bytes, made);
    return made;
  }
}
