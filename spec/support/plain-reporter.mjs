// Mocha's spec reporter, closed by why tests were skipped and the line `N passed, N failed[, N skipped]`. It also appends `PASSED FAILED` to the file that
// the variable TEST_COUNTS names, for a run of several suites.
import { appendFileSync } from 'node:fs';
import mocha from 'mocha';

const countsFile = process.env.TEST_COUNTS;
// Suites that a test starts are part of that test.
delete process.env.TEST_COUNTS;

/** The reason that skip() left in the place of the test's source. */
function reasonOf({ body }) {
  return body?.startsWith('skipped: ') ? body.slice('skipped: '.length) : 'no reason given';
}

export default class PlainReporter extends mocha.reporters.Spec {
  /** How many tests were skipped, by the reason. */
  skipped = new Map();

  constructor(runner, options) {
    super(runner, options);
    runner.on('pending', (test) => {
      const reason = reasonOf(test);
      this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
    });
  }

  epilogue() {
    super.epilogue();
    for (const [reason, count] of this.skipped) console.log(`${count} skipped: ${reason}`);
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : '';
    console.log(`${passes} passed, ${failures} failed${skipped}`);
    if (countsFile) appendFileSync(countsFile, `${passes} ${failures}\n`);
  }
}
