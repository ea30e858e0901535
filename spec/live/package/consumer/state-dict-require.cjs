const assert = require('node:assert/strict');
const { FormatError, parseStateDict, writeSafetensors } = require('tfjs-torch-rnn/state-dict');

const weight = { dtype: 'F32', shape: [2, 1], data: new Float32Array([1.5, -2]) };
const file = writeSafetensors(new Map([['weight', weight]]));
assert.deepEqual(parseStateDict(file).get('weight'), weight);
assert.throws(() => parseStateDict(file.subarray(0, 20)), FormatError);
