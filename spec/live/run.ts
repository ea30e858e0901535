/**
 * Runs the live specs of one folder in mocha, with the reporter of `npm test` and without a time limit:
 *
 *     tsx spec/live/run.ts FOLDER [options]
 *
 * The specs read the options themselves, see command.ts.
 */

import { readdirSync } from 'node:fs';
import Mocha from 'mocha';
import '../support/node/relaxed-simd.js';
import '../support/node/engine.js';
import PlainReporter from '../support/plain-reporter.mjs';
import { mochaHooks } from '../support/root-hooks.js';

const [, , folder = '.'] = process.argv;
const suite = new URL(`${folder}/`, import.meta.url);
const mocha = new Mocha({ reporter: PlainReporter, timeout: 0, rootHooks: mochaHooks });
try {
  // Defines `describe` and `it`. Mocha's own loader tries `require` too, and hides the error of a wrong option behind another.
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);
  for (const name of readdirSync(suite).filter((name) => name.endsWith('.spec.ts')))
    await import(new URL(name, suite).href);
  mocha.run((failures) => {
    if (failures > 0) process.exitCode = 1;
  });
} catch (error) {
  // The message of a wrong option says all.
  console.error(error instanceof RangeError || isUnknownOption(error) ? error.message : error);
  process.exitCode = 1;
}

/** An error of `parseArgs`. */
function isUnknownOption(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
