// Mocha's spec reporter, closed by the line `N passed, N failed[, N skipped]` alone, which a plain runner reads.
import mocha from 'mocha';

export default class PlainReporter extends mocha.reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : '';
    console.log(`${passes} passed, ${failures} failed${skipped}`);
  }
}
