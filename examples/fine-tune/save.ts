/** Writing the model where PyTorch, and the language-id example, can read it. */

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { LayersModel } from '@tensorflow/tfjs';
import { type TorchTensor, toStateDict, writeSafetensors } from 'tfjs-torch-rnn';
import type { Description } from '../language-id/model.js';
import { replaceFile } from '../node-fs-handler.js';
import type { Phrases } from './data.js';

export interface Saved {
  readonly model: LayersModel;
  readonly description: Description;
  /** Phrases language by language, and the model's logits for them, which PyTorch will compare. */
  readonly heldOut: Phrases;
  readonly logits: readonly Float32Array[];
}

/**
 * Writes the files that examples/language-id has. Each is replaced at once, when the new one is whole and on the disk,
 * and the weights come last: whoever reads, also after a crash, finds every file complete, the old one or the new.
 */
export async function saveModel(folder: URL, { model, description, heldOut, logits }: Saved): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, contents: Uint8Array | string) =>
    replaceFile(fileURLToPath(new URL(name, folder)), contents);
  await write('held-out.json', toJson(byLanguage(heldOut, description.languages)));
  await write('held-out-logits.safetensors', writeSafetensors(new Map([['logits', stackRows(logits)]])));
  await write('model.json', toJson(description));
  await write('model.safetensors', writeSafetensors(await toStateDict(model), { format: 'pt' }));
}

function byLanguage({ texts, labels }: Phrases, languages: readonly string[]): Record<string, string[]> {
  const lists = languages.map((name, label) => [name, texts.filter((_, i) => labels[i] === label)]);
  return Object.fromEntries(lists);
}

function stackRows(rows: readonly Float32Array[]): TorchTensor {
  const width = rows[0]?.length ?? 0;
  return {
    dtype: 'F32',
    shape: [rows.length, width],
    data: Float32Array.from(rows.flatMap((row) => [...row])),
  };
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
