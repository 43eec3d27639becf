import { noUsage } from '../graph/request.ts'
import { expect, test } from 'vitest'
import type { RunEnd, RunResult } from '../report/run-result.ts'
import { RowsmithError, type ErrorCode } from '../util/errors.ts'
import { exitCodeOfError, exitCodeOfRun } from './exit-codes.ts'

function result(end: RunEnd, dropped: number): RunResult {
  return {
    dir: '/run',
    rows: { requested: 9, accepted: 9 - dropped, nullKept: 0, dropped, rejected: 0, remaining: 0 },
    selection: null,
    rejections: [],
    processed: null,
    datasets: [],
    files: [],
    requests: 0,
    cached: 0,
    outputModes: [],
    mixed: [],
    usageByRoute: [],
    usageByColumn: [],
    requestOutcomes: { succeeded: 0, throttled: 0, failed: 0, givenUp: 0 },
    usage: noUsage,
    seconds: 1,
    end,
    report: null,
    columns: null,
    judges: [],
    agreement: [],
    verdict: null,
  }
}

test.each<[RunEnd, number, number]>([
  [{ kind: 'complete' }, 0, 0],
  [{ kind: 'complete' }, 2, 3],
  [{ kind: 'stopped', reason: 'a key' }, 0, 4],
  [{ kind: 'stopped', reason: 'a key' }, 2, 4],
  [{ kind: 'interrupted' }, 0, 130],
  [{ kind: 'interrupted' }, 2, 130],
])('a run that ended as %j with %d dropped rows: %d', (end, dropped, code) => {
  expect(exitCodeOfRun(result(end, dropped))).toBe(code)
})

test.each<[ErrorCode, number]>([
  ['config-invalid', 2],
  ['folder-locked', 2],
  ['ledger-corrupt', 2],
  ['file-damaged', 2],
  ['model-unavailable', 4],
  ['disk-full', 4],
  ['storage-failed', 4],
  ['interrupted', 130],
  ['internal', 1],
])('%s: %d', (errorCode, code) => {
  expect(exitCodeOfError(new RowsmithError(errorCode, 'what happened'))).toBe(code)
})

test('anything else that is thrown: 1', () => {
  expect(exitCodeOfError(new TypeError('x is not a function'))).toBe(1)
  expect(exitCodeOfError('text')).toBe(1)
})
