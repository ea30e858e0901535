#!/usr/bin/env node
/** The program `tfjs-torch-rnn`. */

import { main } from './main.js';
import { terminalOf } from './terminal.js';

// `tfjs-torch-rnn inspect FILE | head` closes the pipe when it has seen enough, which is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    if (stream === process.stdout)
      process.stderr.write(`tfjs-torch-rnn: cannot write the answer: ${error.message}\n`);
    process.exit(1);
  });
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

process.exitCode = await main(process.argv.slice(2), {
  terminal: terminalOf(process.stdout, process.stderr, process.env),
  signal: controller.signal,
});
