// mocha's spec reporter, with the reason of each skipped test and a closing line that says it all.
const { reporters } = require('mocha');

module.exports = class SummaryReporter extends reporters.Spec {
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }
};
