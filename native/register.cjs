'use strict';
// For programs that a bundler makes one file of: importing this module is enough. tfjs-torch-rnn calls the function before the first
// layer runs, and tells why where nothing loads.
globalThis[Symbol.for('tfjs-torch-rnn-native')] = () => require('./index.cjs');
