/**
 * Writes examples/g2p/torch-answers.json: PyTorch's phonemes, for a comparison without Python.
 *
 *     npm run g2p:model
 *     npx tsx examples/g2p/make-torch-answers.ts
 *
 * TORCH_PYTHON names the Python that has PyTorch (scripts/requirements.txt), python3 by default.
 */

import { writeFile } from 'node:fs/promises';
import { allWords, digest, STORED_ANSWERS, someWords, type TorchAnswers } from './check.js';
import { askTorch } from './torch.js';

const words = allWords();
const all = await askTorch(words);
const kept = new Set(someWords());
const answers = Object.fromEntries(
  words.map((word, i) => [word, all[i] ?? ''] as const).filter(([word]) => kept.has(word)),
);
const stored: TorchAnswers = { answers, sha256: digest(all) };
const source = { torch: '2.13', script: 'examples/g2p/make-torch-answers.ts' };
await writeFile(STORED_ANSWERS, `${JSON.stringify({ ...source, ...stored }, null, 1)}\n`);
console.log(`${kept.size} answers of ${words.length}, and the sha256 of all`);
