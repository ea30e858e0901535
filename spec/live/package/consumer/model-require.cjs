const tf = require('@tensorflow/tfjs');
const library = require('tfjs-torch-rnn');
const { scenario } = require('./scenario.mjs');

scenario(tf, library);
