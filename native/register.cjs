'use strict';
// For programs that a bundler makes one file of: importing this module is enough.
globalThis[Symbol.for('tfjs-torch-rnn-native')] = require('./index.cjs');
