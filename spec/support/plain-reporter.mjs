// Mocha's spec reporter, closed by the line `N passed, N failed[, N skipped]`. It also appends `PASSED FAILED` to the file that
// the variable TEST_COUNTS names, for a run of several suites.
import { appendFileSync } from 'node:fs';
import mocha from 'mocha';

const countsFile = process.env.TEST_COUNTS;
// Suites that a test starts are part of that test.
delete process.env.TEST_COUNTS;

export default class PlainReporter extends mocha.reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : '';
    console.log(`${passes} passed, ${failures} failed${skipped}`);
    if (countsFile) appendFileSync(countsFile, `${passes} ${failures}\n`);
  }
}
