// Says in one plain line what a vitest JSON report counted; fails when no test ran.
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
// A file that could not be loaded has no tests to fail.
const broken = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
)
const failed = report.numFailedTests + broken.length
const skipped = report.numPendingTests + report.numTodoTests
const counts = [`${report.numPassedTests} passed`, `${failed} failed`]
if (skipped > 0) counts.push(`${skipped} skipped`)
console.log(counts.join(', '))
if (failed > 0 || report.numPassedTests === 0) process.exitCode = 1
