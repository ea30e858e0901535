// @ts-check
// The readers alone.
import { readStateDict } from 'tfjs-torch-rnn/state-dict';

const stateDict = await readStateDict('/saved/weights.safetensors');
const tensors = [...stateDict].map(([key, { shape, data }]) => [key, [shape, [...data]]]);
Object.assign(globalThis, { result: Object.fromEntries(tensors) });
