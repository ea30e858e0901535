// The program of runtime.mjs as CommonJS, and for bundles that are CommonJS.
const tf = require('@tensorflow/tfjs');
const library = require('tfjs-torch-rnn');
const { program } = require('./program.mjs');

program(tf, library).then((result) => console.log(JSON.stringify(result)));
