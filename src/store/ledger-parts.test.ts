import * as fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RowSet } from '../plan/row-set.ts'
import { decidedOf } from '../rows/row-outcome.ts'
import { createPartProfiler } from '../profile/part-profile.ts'
import { openLedger, type LedgerFile } from './ledger-file.ts'
import { readUnfinishedParts, writeBatch } from './ledger-journal.ts'
import {
  beginPart,
  commitPart,
  readPartRecord,
  readTotals,
  type ConfigInForce,
} from './ledger-parts.ts'
import { readColumns } from './ledger-config.ts'
import { readDecided } from './ledger-decided.ts'
import { createLogTail } from './ledger-requests.ts'
import { retryFailed } from './ledger-retry.ts'
import { fillLedger } from './ledger-run.ts'
import { noUsage } from '../graph/request.ts'
import type { RunSettings } from './run-settings.ts'

const partRows = 8
const settings: RunSettings = {
  name: 'test',
  seed: 1n,
  rows: 32,
  frameRows: 4,
  partRows,
  config: '{}',
  seedIdentity: null,
  columns: [{ name: 'a', type: 'int64', fingerprint: 'fa', material: '', drop: false }],
}

let folder = ''
let ledgers = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowsmith-ledger-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function newLedger(): LedgerFile {
  ledgers += 1
  const path = join(folder, `${ledgers}.sqlite`)
  return openLedger(path, (ledger) => fillLedger(ledger, settings))
}

type Outcome = 'accepted' | 'null' | 'dropped' | 'rejected' | 'remaining'

const outcomes = fc.array(
  fc.constantFrom<Outcome>('accepted', 'accepted', 'null', 'dropped', 'rejected', 'remaining'),
  { minLength: settings.rows, maxLength: settings.rows },
)

function rowsWith(plan: readonly Outcome[], ...wanted: readonly Outcome[]): number[] {
  return plan.flatMap((outcome, row) => (wanted.includes(outcome) ? [row] : []))
}

/** Decides a part's share of a plan, as the writer does. */
function decide(ledger: LedgerFile, part: number, plan: readonly Outcome[], known: RowSet): void {
  const mine = (row: number) => Math.floor(row / partRows) === part && !known.has(row)
  const accepted = RowSet.fromRows(rowsWith(plan, 'accepted', 'null').filter(mine))
  const nulls = rowsWith(plan, 'null').filter(mine)
  const absent = (['dropped', 'rejected'] as const).flatMap((outcome) =>
    rowsWith(plan, outcome)
      .filter(mine)
      .map((row) => ({ row, outcome, column: 0, code: 'code' })),
  )
  const fresh = accepted.union(RowSet.fromRows(absent.map(({ row }) => row)))
  const name = `parts/${part}-${known.count}`
  beginPart(ledger, partRows, part, fresh, name)
  const failure = { column: 0, code: 'c', message: 'm', attempts: 1, raw: null, usage: noUsage }
  commitPart(ledger, inForce(ledger), partRows, {
    part,
    accepted: [...accepted.intervals()],
    records: accepted.count,
    absent,
    failures: nulls.map((row) => ({ ...failure, row, outcome: 'null' as const })),
    nullKept: nulls.length,
    skipped: [accepted.count],
    file: {
      name,
      bytes: 1,
      sha256: '',
      profile: createPartProfiler(settings.columns, { part, endRow: 0 }).profile(),
    },
  })
}

function inForce(ledger: LedgerFile): ConfigInForce {
  return { config: 1, columns: readColumns(ledger, 1) }
}

test('decided rows are merged whatever the order of parts, and dropped rows come back', () => {
  const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 })
  const check = fc.property(
    outcomes,
    outcomes,
    order,
    fc.nat(40),
    (plan, second, parts, target) => {
      const ledger = newLedger()
      for (const part of parts) decide(ledger, part, plan, RowSet.empty)
      const decided = RowSet.fromRows(rowsWith(plan, 'accepted', 'null', 'dropped', 'rejected'))
      expect(readDecided(ledger, partRows)).toStrictEqual([...decided.intervals()])

      const below = plan.slice(0, target)
      const { columns } = inForce(ledger)
      const totals = readTotals(ledger, columns, partRows, target)
      expect(decidedOf(totals)).toBe(decided.intersect(0, target).count)
      expect(totals).toStrictEqual({
        accepted: rowsWith(below, 'accepted').length,
        nullKept: rowsWith(below, 'null').length,
        dropped: rowsWith(below, 'dropped').length,
        rejected: rowsWith(below, 'rejected').length,
      })

      const dropped = RowSet.fromRows(rowsWith(plan, 'dropped'))
      // Nulls that were kept failed for another reason.
      const retry = { columns: [{ column: 0, readers: [] }], code: 'code' }
      expect(retryFailed(ledger, readColumns(ledger, 1), partRows, retry)).toStrictEqual([
        ...dropped.intervals(),
      ])
      const left = decided.subtract(dropped)
      expect(readDecided(ledger, partRows)).toStrictEqual([...left.intervals()])
      expect(readTotals(ledger, columns, partRows, settings.rows).dropped).toBe(0)

      const together = plan.map((outcome, row) => (left.has(row) ? outcome : second[row]))
      for (const part of parts) decide(ledger, part, second, left)
      const all = readDecided(ledger, partRows)
      const rest = rowsWith(
        together.map((outcome) => outcome ?? 'remaining'),
        'remaining',
      )
      const whole = RowSet.fromIntervals(all).complement(settings.rows)
      expect(whole.count).toBe(rest.length)
      ledger.close()
    },
  )
  fc.assert(check, { numRuns: 25 })
})

test('a part keeps what it knows over rewrites', () => {
  const ledger = newLedger()
  const plan: Outcome[] = ['accepted', 'null', 'dropped', 'rejected', 'remaining', 'accepted']
  decide(ledger, 0, plan, RowSet.empty)
  const record = readPartRecord(ledger, inForce(ledger).columns, partRows, 0)
  expect(record).toMatchObject({
    part: 0,
    file: 'parts/0-0',
    accepted: 3,
    nullKept: 1,
    dropped: 1,
    rejected: 1,
    decided: [
      { start: 0, end: 4 },
      { start: 5, end: 6 },
    ],
    config: 1,
    records: 3,
    skipped: new Map([[1, 3]]),
  })
  expect(record?.absent.map(({ row, outcome }) => [row, outcome])).toStrictEqual([
    [2, 'dropped'],
    [3, 'rejected'],
  ])
  expect(readPartRecord(ledger, inForce(ledger).columns, partRows, 1)).toBeNull()
  ledger.close()
})

test('rows outside the part or decided before are refused', () => {
  const ledger = newLedger()
  const rows = (start: number, end: number) => RowSet.fromIntervals([{ start, end }])
  expect(() => beginPart(ledger, partRows, 1, rows(7, 9), 'x')).toThrow(/rows outside 8–16/)
  decide(
    ledger,
    1,
    Array.from({ length: 10 }, () => 'accepted'),
    RowSet.empty,
  )
  expect(() => beginPart(ledger, partRows, 1, rows(9, 11), 'x')).toThrow(/decided already/)
  ledger.close()
})

test('unfinished parts are found by seeking over decided rows', () => {
  const ledger = newLedger()
  const context = {
    columns: inForce(ledger).columns,
    session: 1,
    exchanges: false,
    media: new Map(),
    logged: createLogTail(),
  }
  const none = {
    cells: [],
    exchanges: [],
    failures: [],
    usage: [],
    requests: new Float64Array(0),
    answers: new Map(),
    largest: new Map(),
    assumed: 0,
    choices: new Map(),
  }
  const cell = (row: number) => ({ row, column: 0, value: 1n })
  const cells = [0, 1, 9, 17, 30].map(cell)
  writeBatch(ledger, context, { ...none, cells })
  const find = (...pairs: readonly [number, number][]) =>
    readUnfinishedParts(
      ledger,
      pairs.map(([start, end]) => ({ start, end })),
      partRows,
    )
  expect(find()).toStrictEqual([0, 1, 2, 3])
  expect(find([0, 10])).toStrictEqual([2, 3])
  expect(find([0, 1], [9, 30])).toStrictEqual([0, 3])
  expect(find([0, 32])).toStrictEqual([])
  const failure = {
    row: 12,
    column: 0,
    code: 'c',
    message: '',
    attempts: 1,
    raw: null,
    usage: noUsage,
  }
  const failures = [{ ...failure, outcome: 'dropped' as const }]
  writeBatch(ledger, context, { ...none, failures })
  expect(find([0, 10])).toStrictEqual([1, 2, 3])
  ledger.close()
})
