import * as fc from 'fast-check'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { journaledPart, partContent } from '../../test/support/part-content.ts'
import { RowSet } from '../plan/row-set.ts'
import type { AbsentRow } from '../rows/part-content.ts'
import { systemClock } from '../util/clock.ts'
import type { ColumnSettings, RunSettings } from './run-settings.ts'
import { createStore, openStore } from './store.ts'
import type { RunStore } from './run-store.ts'
import { repetitions } from '../../test/support/thorough.ts'
import { retryAll } from '../../test/support/retry-all.ts'

// Whatever is done to a run, in whatever order: its files and figures in the end are those of a run
// that was made in one go.

const partRows = 2
const parts = 66
const target = partRows * parts
const options = { clock: systemClock }

function column(name: string, version = 1): ColumnSettings {
  const fingerprint = `${name} ${version}`
  return { name, type: 'string', fingerprint, material: fingerprint, drop: false }
}

const configs: readonly (readonly ColumnSettings[])[] = [
  [column('story'), column('title')],
  [column('title'), column('story')],
  [column('story'), column('title', 2)],
  [column('story')],
]

const settings: RunSettings = {
  name: 'history',
  seed: 1n,
  rows: target,
  frameRows: partRows,
  partRows,
  config: '0',
  seedIdentity: null,
  columns: configs[0] ?? [],
}

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-history-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

/** Cells of some rows can't be made and stay null. */
function isNull({ name }: ColumnSettings, row: number): boolean {
  return name === 'story' && row % 11 === 3
}

/** Decides rows of a part, as the engine does: what is known is not made again. */
async function decide(
  store: RunStore,
  part: number,
  rows: readonly number[],
  unlucky: ReadonlySet<number> = new Set(),
): Promise<void> {
  const { columns } = store.settings
  const { cells, failures } = await journaledPart(store, part)
  const reasons = new Map([...unlucky].map((row) => [row, columns.length - 1]))
  for (const { row, column: id, outcome } of failures) {
    if (outcome === 'dropped' && rows.includes(row)) reasons.set(row, id)
  }
  const dropped = new Set(reasons.keys())
  const known = new Set([...cells, ...failures].map(({ row, column: id }) => `${row} ${id}`))
  const failure = { code: 'refused', message: 'no', attempts: 1 }
  const kept = rows.filter((row) => !dropped.has(row))
  for (const [id, settingsOfColumn] of columns.entries()) {
    for (const row of rows) {
      if (known.has(`${row} ${id}`)) continue
      if (isNull(settingsOfColumn, row)) {
        store.journal.failure({ ...failure, row, column: id, outcome: 'null' })
      } else if (reasons.get(row) === id) {
        store.journal.failure({ ...failure, row, column: id, outcome: 'dropped' })
      } else {
        store.journal.cell({ row, column: id, value: `${settingsOfColumn.fingerprint} of ${row}` })
      }
    }
  }
  const values = columns.map((one) =>
    kept.map((row) => (isNull(one, row) ? null : `${one.fingerprint} of ${row}`)),
  )
  const absent = [...reasons].map(([row, id]): AbsentRow => {
    return { row, outcome: 'dropped', column: id, code: 'refused' }
  })
  const types = columns.map(({ type }) => type)
  const nullKept = kept.filter((row) => columns.some((one) => isNull(one, row))).length
  await store.writePart(partContent(types, { part, rows: kept, columns: values, absent, nullKept }))
}

async function undecided(store: RunStore, part: number): Promise<number[]> {
  const decided = RowSet.fromIntervals((await store.partRecord(part))?.decided ?? [])
  const all = RowSet.fromIntervals([{ start: part * partRows, end: (part + 1) * partRows }])
  const left = all.subtract(decided).intersect(0, store.settings.rows)
  return [...left.intervals()].flatMap(({ start, end }) =>
    Array.from({ length: end - start }, (_, at) => start + at),
  )
}

/** Makes all that remains; rows that were dropped under this config before are so again, and made then. */
async function complete(store: RunStore, folder: string) {
  for (let goes = 0; goes < 2; goes += 1) {
    await retryAll(store)
    for (let part = 0; part < parts; part += 1) {
      const rows = await undecided(store, part)
      if (rows.length > 0) await decide(store, part, rows)
    }
  }
  await store.completeProfiles()
  const files = await store.join()
  const records = await Promise.all(
    Array.from({ length: parts }, (_, part) => store.partRecord(part)),
  )
  const totals = await store.totals()
  const failures = await store.failures()
  using database = new DatabaseSync(join(folder, 'ledger.sqlite'), { readOnly: true })
  const rowsOf = (sql: string) => database.prepare(sql).all()
  return {
    data: files.map(({ sha256, rows }) => ({ sha256, rows })),
    parts: records.map((record) => record?.sha256),
    partFiles: readdirSync(join(folder, 'parts')).length,
    totals,
    failures: failures.map(({ name, outcome, count }) => ({ name, outcome, count })),
    nullCells: rowsOf('SELECT number, null_cells, decided FROM part ORDER BY number'),
    profiles: rowsOf(`SELECT level, number,
      json_extract(profile, '$.columns.1') AS story, json_extract(profile, '$.columns.2') AS title
      FROM profile ORDER BY level, number`),
    left: rowsOf('SELECT path FROM intent UNION ALL SELECT file FROM reopened'),
    absent: rowsOf('SELECT * FROM absent'),
  }
}

type Step =
  | { do: 'write'; parts: number[]; half: boolean; drop: number }
  | { do: 'retry' | 'profiles' | 'reopen' | 'join' }
  | { do: 'target'; rows: number }
  | { do: 'damage'; at: number; gone: boolean }
  | { do: 'config'; version: number }

const somePart = fc.nat(parts - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      parts: fc.uniqueArray(somePart, { minLength: 10, maxLength: parts }),
      half: fc.boolean(),
      drop: fc.nat(4),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'retry' as const,
        'profiles' as const,
        'reopen' as const,
        'join' as const,
      ),
    }),
  },
  fc.record({ do: fc.constant('target' as const), rows: fc.integer({ min: 1, max: target }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('damage' as const),
      at: fc.nat(200),
      gone: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('config' as const), version: fc.nat(3) }) },
)

async function take(store: RunStore, folder: string, todo: Step): Promise<void> {
  switch (todo.do) {
    case 'write':
      for (const part of todo.parts) {
        const rows = (await undecided(store, part)).slice(0, todo.half ? 1 : partRows)
        if (rows.length === 0) continue
        const dropped = rows.filter((row) => todo.drop > 0 && row % (todo.drop + 1) === 0)
        await decide(store, part, rows, new Set(dropped))
      }
      return
    case 'retry':
      await retryAll(store)
      return
    case 'profiles':
      return store.completeProfiles()
    case 'join':
      await store.join()
      return
    case 'target':
      return store.setTarget(todo.rows)
    case 'damage': {
      const names = readdirSync(join(folder, 'parts'), { recursive: true }).map(String)
      const name = names[todo.at % Math.max(1, names.length)]
      if (name === undefined) return
      const path = join(folder, 'parts', name)
      if (todo.gone) rmSync(path)
      else writeFileSync(path, readFileSync(path).fill(1, 20, 21))
      await store.forgetDamaged(await store.findDamage())
      return
    }
    case 'config':
      await store.changeConfig({
        config: String(todo.version),
        columns: configs[todo.version] ?? [],
      })
      return
    case 'reopen':
      break
  }
}

test('whatever was done to a run, it ends as one that was made in one go', async () => {
  const whole = newFolder()
  await using made = await createStore(whole, settings, options)
  const expected = await complete(made, whole)
  const check = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
    const folder = newFolder()
    let store = await createStore(folder, settings, options)
    // There from the beginning, so that there is something to damage.
    await decide(store, 0, [0])
    for (const todo of steps) {
      await take(store, folder, todo)
      if (todo.do !== 'reopen') continue
      await store.close()
      store = await openStore(folder, options)
    }
    await store.setTarget(target)
    await store.changeConfig({ config: '0', columns: settings.columns })
    const ended = await complete(store, folder)
    // A part that was made with its columns in another order stays as it is.
    const reordered = steps.some((todo) => todo.do === 'config' && todo.version === 1)
    expect(ended).toStrictEqual(reordered ? { ...expected, parts: ended.parts } : expected)
    await store.close()
  })
  await fc.assert(check, { numRuns: repetitions({ all: 4, some: 2 }), endOnFailure: true })
}, 120_000)
