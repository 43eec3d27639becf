import * as fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RowSet } from '../plan/row-set.ts'
import { createPartProfiler, createProfileMerger } from '../profile/part-profile.ts'
import { partContent } from '../../test/support/part-content.ts'
import { retryAll } from '../../test/support/retry-all.ts'
import { systemClock } from '../util/clock.ts'
import { readColumns } from './ledger-config.ts'
import { openLedger, type LedgerFile } from './ledger-file.ts'
import { beginPart, commitPart, type ConfigInForce } from './ledger-parts.ts'
import { fillLedger } from './ledger-run.ts'
import { readProfiles } from './profiles.ts'
import type { RunSettings } from './run-settings.ts'
import { createStore } from './store.ts'
import type { RunStore } from './run-store.ts'

const partRows = 4

const settings: RunSettings = {
  name: 'many parts',
  seed: 1n,
  rows: 200 * partRows,
  frameRows: partRows,
  partRows,
  config: '{}',
  seedIdentity: null,
  columns: (['string', 'int64'] as const).map((type, id) => ({
    name: `c${id}`,
    type,
    fingerprint: `f${id}`,
    material: '',
    drop: false,
  })),
}

let root = ''
let made = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-profiles-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function newLedger(): { ledger: LedgerFile; inForce: ConfigInForce } {
  made += 1
  const ledger = openLedger(join(root, `${made}.sqlite`), (file) => fillLedger(file, settings))
  return { ledger, inForce: { config: 1, columns: readColumns(ledger, 1) } }
}

/** Spread so that values come again and do not. */
function valuesOf(row: number): [string, number] {
  return [`word ${(row * 7) % 13}`, (row * 48_271) % 65_537]
}

function profileOf(part: number, rows: readonly number[]) {
  const place = { part, endRow: (part + 1) * partRows }
  const profiler = createPartProfiler(settings.columns, place)
  const values = rows.map(valuesOf)
  profiler.add([values.map(([text]) => text), values.map(([, number]) => number)])
  return profiler.profile()
}

function rowsOf(part: number): number[] {
  return Array.from({ length: partRows }, (_, at) => part * partRows + at)
}

/** Commits rows of a part, as the writer does, with the statistics of all it holds by then. */
function commit(
  { ledger, inForce }: ReturnType<typeof newLedger>,
  part: number,
  rows: readonly number[],
  before: readonly number[] = [],
): void {
  made += 1
  const accepted = RowSet.fromRows(rows)
  const name = `parts/${made}`
  beginPart(ledger, partRows, part, accepted, name)
  const profile = profileOf(
    part,
    [...before, ...rows].sort((one, other) => one - other),
  )
  commitPart(ledger, inForce, partRows, {
    part,
    accepted: [...accepted.intervals()],
    records: rows.length,
    absent: [],
    failures: [],
    nullKept: 0,
    skipped: [],
    file: { name, bytes: 1, sha256: '', profile },
  })
}

function profilesIn({ ledger }: ReturnType<typeof newLedger>): string[] {
  return ledger
    .all('SELECT level, number, profile FROM profile ORDER BY level, number')
    .map(({ level, number, profile }) => `${String(level)}:${String(number)} ${String(profile)}`)
}

function levels(run: ReturnType<typeof newLedger>): [number, number][] {
  return run.ledger
    .all('SELECT level, count(*) AS count FROM profile GROUP BY level ORDER BY level')
    .map(({ level, count }) => [Number(level), Number(count)])
}

test('merged profiles are the same whatever the order in which parts were committed', () => {
  const parts = Array.from({ length: 135 }, (_, part) => part)
  const inOrder = newLedger()
  for (const part of parts) commit(inOrder, part, rowsOf(part))
  const expected = profilesIn(inOrder)
  expect(levels(inOrder)).toStrictEqual([
    [0, 135 - 128],
    [1, 2],
  ])
  const order = fc.shuffledSubarray(parts, { minLength: parts.length })
  const twice = fc.uniqueArray(fc.constantFrom(...parts), { maxLength: 40 })
  const check = fc.property(order, twice, (shuffled, inTwoGoes) => {
    const run = newLedger()
    const halves = new Set(inTwoGoes)
    for (const part of halves) commit(run, part, rowsOf(part).slice(1, 3))
    for (const part of shuffled) {
      const rows = rowsOf(part)
      if (!halves.has(part)) commit(run, part, rows)
      else commit(run, part, [rows[0] as number, rows[3] as number], rows.slice(1, 3))
    }
    expect(profilesIn(run)).toStrictEqual(expected)
    run.ledger.close()
  })
  fc.assert(check, { numRuns: 3 })
  inOrder.ledger.close()
})

test('profiles of parts that are merged are not kept: a 64th of them is', () => {
  const run = newLedger()
  const sizes: number[] = []
  for (let part = 0; part < 256; part += 1) {
    commit(run, part, rowsOf(part))
    if ((part + 1) % 128 !== 0) continue
    expect(levels(run)).toStrictEqual([[1, (part + 1) / 64]])
    const row = run.ledger.get('SELECT sum(length(profile)) AS bytes FROM profile')
    sizes.push(Number(row?.['bytes']))
  }
  const [half, whole] = sizes as [number, number]
  expect(whole / half).toBeLessThan(2.1)
  run.ledger.close()
})

const clock = systemClock
const types = settings.columns.map(({ type }) => type)

async function write(store: RunStore, part: number, rows: readonly number[]): Promise<void> {
  const values = rows.map(valuesOf)
  const content = {
    part,
    rows,
    columns: [values.map(([text]) => text), values.map(([, number]) => number)],
    absent: rowsOf(part)
      .filter((row) => !rows.includes(row))
      .map((row) => ({ row, outcome: 'dropped' as const, column: 0, code: 'x' })),
    skipped: [1, 0],
  }
  await store.writePart(partContent(types, content))
}

/** What a report is made of. */
async function figures(store: RunStore): Promise<unknown> {
  const merger = createProfileMerger(settings.columns)
  const skipped = [0, 0]
  for await (const read of readProfiles(store.directory, store.settings)) {
    merger.add(read.profile)
    read.skipped?.forEach((count, id) => (skipped[id] = (skipped[id] ?? 0) + count))
  }
  return { columns: merger.profile(), skipped }
}

function tableOf(store: RunStore): unknown[] {
  using database = new DatabaseSync(join(store.directory, 'ledger.sqlite'), { readOnly: true })
  return database.prepare('SELECT * FROM profile ORDER BY level, number').all()
}

test('a part that was open again leaves the statistics of a run that never was', async () => {
  const folders = ['whole', 'again'].map((name) => join(root, name))
  const run = { ...settings, rows: 65 * partRows }
  await using whole = await createStore(folders[0] as string, run, { clock })
  await using again = await createStore(folders[1] as string, run, { clock })
  for (let part = 0; part < 65; part += 1) {
    await write(whole, part, rowsOf(part))
    await write(again, part, part === 7 ? rowsOf(part).slice(1) : rowsOf(part))
  }
  const expected = await figures(whole)
  expect(tableOf(whole)).toHaveLength(2)
  expect(await retryAll(again)).toStrictEqual([{ start: 28, end: 29 }])
  // They were merged: until their profiles are made again, a report reads their files.
  expect(tableOf(again)).toHaveLength(1)
  const columns = valuesOf(28).map((value) => [value])
  await again.writePart(partContent(types, { part: 7, rows: [28], columns }))
  expect(await figures(again)).toStrictEqual(expected)
  await again.completeProfiles()
  expect(tableOf(again)).toStrictEqual(tableOf(whole))
  expect(await figures(again)).toStrictEqual(expected)
})

test('a target inside of merged parts omits what is beyond', async () => {
  const run = { ...settings, rows: 66 * partRows }
  await using store = await createStore(join(root, 'shrunk'), run, { clock })
  for (let part = 0; part < 66; part += 1) await write(store, part, rowsOf(part))
  await store.setTarget(10)
  const merger = createProfileMerger(settings.columns)
  merger.add(profileOf(0, rowsOf(0)))
  merger.add(profileOf(1, rowsOf(1)))
  merger.add(profileOf(2, [8, 9]))
  expect(await figures(store)).toStrictEqual({ columns: merger.profile(), skipped: [2, 0] })
})
