/**
 * Hostile files for the readers: sound ones of every format, changed at random. Each must give sound tensors or a documented
 * error, in little time and memory.
 *
 *     npm run fuzz -- [--minutes N | --count N] [--seed N] [--format NAME ...]
 *     npm run fuzz -- --format NAME --seed N --input N [--keep FILE]
 *
 * Without options 100,000 files of each format. --input repeats one file, as a failure prints it; --keep writes it to FILE.
 */

import { LIVE_ARGUMENTS } from '../command.js';
import { readOptions } from './options.js';
import { failuresOf } from './supervise.js';

const options = readOptions(LIVE_ARGUMENTS);

describe(`hostile files, seed ${options.seed}`, () => {
  for (const format of options.formats)
    it(format, async () => {
      const failures = await failuresOf(format, options);
      if (failures.length > 0) throw new Error(failures.join('\n'));
    });
});
