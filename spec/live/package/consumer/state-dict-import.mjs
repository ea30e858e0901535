// @ts-check
import assert from 'node:assert/strict';
import { FormatError, parseStateDict, readStateDict, writeSafetensors } from 'tfjs-torch-rnn/state-dict';

const weight = { dtype: /** @type {const} */ ('F32'), shape: [2, 1], data: new Float32Array([1.5, -2]) };
const file = writeSafetensors(new Map([['weight', weight]]));
assert.deepEqual(parseStateDict(file).get('weight'), weight);
assert.deepEqual((await readStateDict(file)).get('weight'), weight);
assert.throws(() => parseStateDict(file.subarray(0, 20)), FormatError);
