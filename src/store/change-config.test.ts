import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { journaledPart, partContent, type PartValues } from '../../test/support/part-content.ts'
import type { PartContent } from '../rows/part-content.ts'
import { systemClock } from '../util/clock.ts'
import { inspectStore } from './inspect-store.ts'
import { decompressors } from './parquet-codec.ts'
import type { ColumnSettings, RunSettings } from './run-settings.ts'
import { createStore, openStore } from './store.ts'
import type { RunStore } from './run-store.ts'

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-change-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const options = { clock: systemClock }
const partRows = 8

function column(name: string, version = 1, extra: Partial<ColumnSettings> = {}): ColumnSettings {
  const fingerprint = `${name} ${version}`
  return { name, type: 'string', fingerprint, material: fingerprint, drop: false, ...extra }
}

const number = column('number', 1, { type: 'int64', pure: true })
const story = column('story')
const title = column('title')

const settings: RunSettings = {
  name: 'tales',
  seed: 1n,
  rows: 24,
  frameRows: partRows,
  partRows,
  config: '{"version": 1}',
  seedIdentity: null,
  columns: [number, story, title],
}

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

/** The same value for a column and row, whatever else the config says. */
function valueOf({ name, fingerprint }: ColumnSettings, row: number): string | number {
  return name === 'number' ? row : `${fingerprint} of row ${row}`
}

function contentOf(
  store: RunStore,
  part: number,
  rows: readonly number[],
  extra: Partial<PartValues> = {},
): PartContent {
  const columns = store.settings.columns.map((one) => rows.map((row) => valueOf(one, row)))
  const types = store.settings.columns.map(({ type }) => type)
  return partContent(types, { part, rows, columns, ...extra })
}

async function finished(folder: string, run: RunSettings = settings): Promise<RunStore> {
  const store = await createStore(folder, run, options)
  for (const part of [2, 0, 1]) {
    await store.writePart(contentOf(store, part, range(part * partRows, (part + 1) * partRows)))
  }
  return store
}

async function records(store: RunStore): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for (const { path } of await store.join()) {
    const file = new Uint8Array(readFileSync(path)).buffer
    rows.push(...(await parquetReadObjects({ file, compressors: decompressors })))
  }
  return rows
}

/** What is known of a part, as column name and row. */
async function known(store: RunStore, part: number): Promise<string[]> {
  const { cells } = await journaledPart(store, part)
  return cells.map(({ row, column: id }) => `${store.settings.columns[id]?.name} ${row}`)
}

test('another order, a column less or another drop make only the dataset anew', async () => {
  const folder = newFolder()
  await using store = await finished(folder)
  const before = readdirSync(join(folder, 'parts'))
  await store.join()
  const columns = [title, { ...number, drop: true }, story]
  expect(await store.changeConfig({ config: '{"version": 2}', columns })).toStrictEqual([])
  expect((await inspectStore(folder)).dataset).toStrictEqual([])
  expect(readdirSync(join(folder, 'parts'))).toStrictEqual(before)
  const [first] = await records(store)
  expect(Object.entries(first ?? {})).toStrictEqual([
    ['title', 'title 1 of row 0'],
    ['story', 'story 1 of row 0'],
  ])

  // A part of the older version gets rows under the new one: its columns are in the new order.
  await store.setTarget(32)
  expect(await store.changeConfig({ config: '{"version": 3}', columns: [story] })).toStrictEqual([])
  await store.writePart(contentOf(store, 3, range(24, 32)))
  expect(await records(store)).toStrictEqual(
    range(0, 32).map((row) => ({ story: `story 1 of row ${row}` })),
  )
})

test('a changed column reopens the parts, and what they hold of the others is known', async () => {
  const folder = newFolder()
  const shorter = column('title', 2)
  {
    await using store = await finished(folder)
    const version = { config: '{"version": 2}', columns: [number, story, shorter] }
    expect(await store.changeConfig(version)).toStrictEqual([{ start: 0, end: 24 }])
    expect(await store.totals()).toMatchObject({ accepted: 0 })
    expect(await store.unfinishedParts()).toStrictEqual([0, 1, 2])
  }
  await using store = await openStore(folder, options)
  expect(store.settings.config).toBe('{"version": 2}')
  expect(store.settings.columns.map(({ fingerprint }) => fingerprint)).toStrictEqual([
    'number 1',
    'story 1',
    'title 2',
  ])
  expect(store.decided).toStrictEqual([])
  // Pure cells are made again: they are not taken along.
  expect(await known(store, 1)).toStrictEqual(range(8, 16).map((row) => `story ${row}`))
  // Its file went with that.
  expect(readdirSync(join(folder, 'parts'))).toHaveLength(2)
  // A part is written without a look at what is known, too.
  for (const part of [1, 0, 2]) {
    await store.writePart(contentOf(store, part, range(part * partRows, (part + 1) * partRows)))
  }
  expect(await store.unfinishedParts()).toStrictEqual([])
  expect((await inspectStore(folder)).waitingCells).toBe(0)

  await using fresh = await finished(newFolder(), { ...settings, columns: store.settings.columns })
  const [mine, theirs] = [await store.join(), await fresh.join()]
  expect(mine.map(({ sha256 }) => sha256)).toStrictEqual(theirs.map(({ sha256 }) => sha256))
  const parts = [await store.partRecord(1), await fresh.partRecord(1)]
  expect(parts[0]?.sha256).toBe(parts[1]?.sha256)
  expect(parts[0]?.profile).toStrictEqual(parts[1]?.profile)
})

test('a change and one back before anything was made costs nothing', async () => {
  const folder = newFolder()
  await using store = await finished(folder)
  await store.changeConfig({ config: '2', columns: [number, column('story', 2), title] })
  await store.changeConfig({ config: '3', columns: [number, story, title] })
  expect(await known(store, 2)).toStrictEqual(
    range(16, 24).flatMap((row) => [`story ${row}`, `title ${row}`]),
  )
})

test('rows absent or null because of an unchanged column stay so', async () => {
  const folder = newFolder()
  await using store = await createStore(folder, { ...settings, rows: 8 }, options)
  const failure = { code: 'refused', message: 'I must not', attempts: 1 }
  store.journal.failure({ ...failure, row: 5, column: 1, outcome: 'null' })
  store.journal.failure({ ...failure, row: 1, column: 1, outcome: 'dropped' })
  store.journal.failure({ ...failure, row: 2, column: 2, outcome: 'dropped' })
  store.journal.cell({ row: 2, column: 1, value: 'paid' })
  const left = [0, 3, 4, 5, 6, 7]
  const columns = store.settings.columns.map((one) =>
    left.map((row): string | number | null => valueOf(one, row)),
  )
  columns[1]?.splice(3, 1, null)
  columns[2]?.splice(5, 1, null)
  const content = contentOf(store, 0, left, {
    columns,
    absent: [1, 2].map((row) => ({ row, outcome: 'dropped', column: row, code: 'refused' })),
    nullKept: 1,
    // The title of row 7 was skipped.
    skipped: [0, 0, 1],
  })
  await store.writePart(content)
  expect(await store.failures()).toMatchObject([
    { name: 'story', outcome: 'dropped', count: 1 },
    { name: 'story', outcome: 'null', count: 1 },
    { name: 'title', outcome: 'dropped', count: 1 },
  ])

  const version = { config: '2', columns: [column('number', 2, { type: 'int64' }), story, title] }
  expect(await store.changeConfig(version)).toStrictEqual([
    { start: 0, end: 1 },
    { start: 3, end: 8 },
  ])
  const { cells, failures } = await journaledPart(store, 0)
  expect(failures).toMatchObject([{ row: 5, column: 1, outcome: 'null' }])
  expect(await store.failures()).toContainEqual(
    expect.objectContaining({ row: 5, outcome: 'null', message: 'I must not' }),
  )
  const stories = cells.filter(({ column: id }) => id === 1).map(({ row }) => row)
  const titles = cells.filter(({ column: id }) => id === 2).map(({ row }) => row)
  // The null of a failure is known by it; a null that may be a skipped cell is asked anew.
  expect([stories, titles]).toStrictEqual([
    [0, 3, 4, 6, 7],
    [0, 3, 4, 5, 6],
  ])
  const again = contentOf(store, 0, [0, 3, 4, 5, 6, 7], { nullKept: 1 })
  await store.writePart(again)
  expect(await store.totals()).toMatchObject({ accepted: 5, nullKept: 1, dropped: 2 })
  expect(await store.failures()).toContainEqual(
    expect.objectContaining({ name: 'story', outcome: 'null', count: 1 }),
  )
})

test('a file that stays when no row is added keeps the columns it has, and what was paid for them', async () => {
  await using store = await createStore(newFolder(), { ...settings, rows: 8 }, options)
  await store.writePart(contentOf(store, 0, range(0, 4)))
  await store.changeConfig({ config: '2', columns: [number, story] })
  const failure = { code: 'refused', message: 'no', attempts: 1, outcome: 'dropped' } as const
  for (const row of range(4, 8)) store.journal.failure({ ...failure, row, column: 1 })
  const absent = range(4, 8).map((row) => {
    return { row, outcome: 'dropped' as const, column: 1, code: 'refused' }
  })
  await store.writePart(contentOf(store, 0, [], { absent }))
  expect(await store.changeConfig({ config: '3', columns: [number, story, title] })).toStrictEqual(
    [],
  )
  expect(await records(store)).toHaveLength(4)
})

test('a null that a column of an older config left is not counted under another one', async () => {
  await using store = await createStore(newFolder(), { ...settings, rows: 8 }, options)
  const failure = { code: 'refused', message: 'no', attempts: 1, outcome: 'null' } as const
  store.journal.failure({ ...failure, row: 2, column: 2 })
  const columns = store.settings.columns.map((one) =>
    range(0, 8).map((row): string | number | null => valueOf(one, row)),
  )
  columns[2]?.splice(2, 1, null)
  await store.writePart(contentOf(store, 0, range(0, 8), { columns, nullKept: 1 }))
  await store.changeConfig({ config: '2', columns: [number, story, column('title', 2)] })
  await store.writePart(contentOf(store, 0, range(0, 8)))
  await store.setTarget(5)
  expect(await store.totals()).toMatchObject({ accepted: 5, nullKept: 0 })
  // It is known when its column comes back.
  await store.setTarget(8)
  await store.changeConfig({ config: '3', columns: [number, story, title] })
  expect((await journaledPart(store, 0)).failures).toStrictEqual([
    { row: 2, column: 2, code: 'refused', outcome: 'null' },
  ])
})

test('a row that was absent because of a changed column is undecided again', async () => {
  await using store = await createStore(newFolder(), { ...settings, rows: 8 }, options)
  const failure = { code: 'refused', message: 'no', attempts: 1, outcome: 'dropped' } as const
  store.journal.failure({ ...failure, row: 2, column: 2 })
  store.journal.cell({ row: 2, column: 1, value: 'paid' })
  const absent = [{ row: 2, outcome: 'dropped' as const, column: 2, code: 'refused' }]
  const rows = range(0, 8).filter((row) => row !== 2)
  await store.writePart(contentOf(store, 0, rows, { absent }))
  await store.changeConfig({ config: '2', columns: [number, story, column('title', 2)] })
  expect(await known(store, 0)).toStrictEqual(range(0, 8).map((row) => `story ${row}`))
  expect((await journaledPart(store, 0)).failures).toStrictEqual([])
})

test('the config stands in the folder, as it is now', async () => {
  const folder = newFolder()
  const path = join(folder, 'config.json')
  {
    await using store = await createStore(folder, settings, options)
    expect(readFileSync(path, 'utf8')).toBe('{\n  "version": 1\n}\n')
    await store.changeConfig({ config: '{"p": 1.0, "q": 1}', columns: settings.columns })
  }
  expect(readFileSync(path, 'utf8')).toBe('{\n  "p": 1.0,\n  "q": 1\n}\n')
  rmSync(path)
  await (await openStore(folder, options)).close()
  expect(readFileSync(path, 'utf8')).toBe('{\n  "p": 1.0,\n  "q": 1\n}\n')
})

test('columns that no part can hold are refused', async () => {
  await using store = await createStore(newFolder(), settings, options)
  for (const name of ['__row', '__record']) {
    const version = { config: '{}', columns: [column(name)] }
    await expect(store.changeConfig(version)).rejects.toMatchObject({ code: 'config-invalid' })
  }
})
