// @ts-check
// The readers alone. Those of the last two files are modules that a page loads for them.
import { readStateDict } from 'tfjs-torch-rnn/state-dict';

/** @param {string} file */
async function tensorsOf(file) {
  const stateDict = await readStateDict(`/saved/${file}`);
  return Object.fromEntries(
    [...stateDict].map(([key, { shape, data }]) => [key, [shape, [...data].map(Number)]]),
  );
}

const files = ['weights.safetensors', 'weights.json', 'checkpoint.pt'];
Object.assign(globalThis, { result: await Promise.all(files.map(tensorsOf)) });
