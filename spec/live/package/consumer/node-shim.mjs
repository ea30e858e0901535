// @ts-check
import 'tfjs-torch-rnn/node-shim';
import assert from 'node:assert/strict';
import util from 'node:util';

assert.equal(Reflect.get(util, 'isNullOrUndefined')(undefined), true);
assert.equal(Reflect.get(util, 'isArray')([]), true);
