// @ts-check
// The readers alone.
import { readStateDict } from 'tfjs-torch-rnn/state-dict';

const stateDict = await readStateDict(`${Reflect.get(globalThis, 'ORIGIN')}/saved/weights.safetensors`);
const tensors = [...stateDict].map(([key, { shape, data }]) => [key, [shape, [...data]]]);
console.log(JSON.stringify(Object.fromEntries(tensors)));
