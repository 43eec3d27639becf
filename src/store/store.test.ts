import { noUsage } from '../graph/request.ts'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { journaledPart, partContent, type PartValues } from '../../test/support/part-content.ts'
import { retryAll } from '../../test/support/retry-all.ts'
import type { ColumnType } from '../graph/column-type.ts'
import { systemClock } from '../util/clock.ts'
import type { PartContent } from '../rows/part-content.ts'
import { Double, type Value } from '../util/value.ts'
import { inspectStore } from './inspect-store.ts'
import type { StoreEvent } from './open-run.ts'
import { decompressors } from './parquet-codec.ts'
import type { RunSettings } from './run-settings.ts'
import { createStore, openStore } from './store.ts'
import type { RunStore } from './run-store.ts'

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-store-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function newFolder(): string {
  folders += 1
  return join(root, `run-${folders}`)
}

const types: readonly ColumnType[] = ['string', 'int64', 'float64', 'bool', 'json']

function settingsOf(rows: number, partRows = 4096): RunSettings {
  return {
    name: 'demo',
    seed: 2n ** 64n - 1n,
    rows,
    frameRows: partRows,
    partRows,
    config: '{"columns": []}',
    seedIdentity: 'seeds',
    columns: types.map((type) => ({
      name: `a ${type}`,
      type,
      fingerprint: `fingerprint of ${type}`,
      material: 'm',
      drop: type === 'bool',
    })),
  }
}

const options = { clock: systemClock }
const usage = { ...noUsage, inputTokens: 10, outputTokens: 5, reasoningTokens: 1 }

/** Values of every type; the same for a row whoever asks. */
function valuesOf(row: number): Value[] {
  const wide = 9007199254740993n + BigInt(row) * 2n
  const tree = new Map<string, Value>([
    ['2', new Double(row)],
    ['1', [wide, null]],
  ])
  return [
    row % 5 === 0 ? '' : `row ${row}`,
    wide,
    row % 2 === 0 ? NaN : row + 0.5,
    row % 3 === 0,
    tree,
  ]
}

function contentOf(
  part: number,
  rows: readonly number[],
  extra: Partial<PartValues> = {},
): PartContent {
  const columns = types.map((_, id) => rows.map((row) => valuesOf(row)[id] ?? null))
  return partContent(types, { part, rows, columns, blockRows: 1_000, ...extra })
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

async function readDataset(store: RunStore): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for (const { path } of await store.join()) {
    const file = new Uint8Array(readFileSync(path)).buffer
    rows.push(...(await parquetReadObjects({ file, compressors: decompressors })))
  }
  return rows
}

function expectedRecord(row: number) {
  const [text, wide, score] = valuesOf(row)
  const json = `{"2":${row}.0,"1":[${9007199254740993n + BigInt(row) * 2n},null]}`
  return { 'a string': text, 'a int64': wide, 'a float64': score, 'a json': json }
}

test('what is journaled is read back at the next opening, with every type', async () => {
  const folder = newFolder()
  await using first = await createStore(folder, settingsOf(100), options)
  expect(first.session).toBe(1)
  for (const row of [7, 3]) {
    for (const [column, value] of valuesOf(row).entries()) {
      first.journal.cell({ row, column, value })
    }
  }
  const failure = { row: 5, column: 1, code: 'cast-failed', message: 'no number', attempts: 2 }
  const paid = { ...noUsage, inputTokens: 12, outputTokens: 34 }
  first.journal.failure({ ...failure, raw: 'forty', outcome: 'dropped', usage: paid })
  first.journal.failure({ ...failure, row: 6, outcome: 'null' })
  first.journal.request({ route: 'large', column: 0, outcome: 'ok', usage })
  first.journal.request({ route: 'large', column: 0, outcome: 'throttled', usage })
  // A read sees everything appended before it, although nothing was flushed.
  expect((await journaledPart(first, 0)).cells).toHaveLength(10)
  await first.close()

  await using second = await openStore(folder, options)
  expect(second.session).toBe(2)
  expect(second.settings).toStrictEqual(settingsOf(100))
  expect(await second.unfinishedParts()).toStrictEqual([0])
  const { cells, failures } = await journaledPart(second, 0)
  expect(cells).toStrictEqual(
    [3, 7].flatMap((row) => valuesOf(row).map((value, column) => ({ row, column, value }))),
  )
  expect(failures).toStrictEqual([
    { row: 5, column: 1, code: 'cast-failed', outcome: 'dropped' },
    { row: 6, column: 1, code: 'cast-failed', outcome: 'null' },
  ])
  const { attempts: _, ...words } = failure
  expect(await second.failures()).toMatchObject([
    { ...words, raw: 'forty', outcome: 'dropped', count: 1, ...paid },
    { ...words, row: 6, raw: null, outcome: 'null', count: 1 },
  ])
  second.journal.request({ route: 'large', column: 0, outcome: 'ok', usage })
  expect(await second.usage()).toMatchObject([
    { route: 'large', ok: 2, throttled: 1, failed: 0, inputTokens: 30, reasoningTokens: 3 },
  ])
  await expect(second.failures()).resolves.toMatchObject([
    {
      name: 'a int64',
      code: 'cast-failed',
      outcome: 'dropped',
      count: 1,
      raw: 'forty',
      outputTokens: 34,
    },
    { name: 'a int64', code: 'cast-failed', outcome: 'null', count: 1, raw: null },
  ])
})

test('a part takes its cells out of the ledger, paid siblings of absent rows stay', async () => {
  const folder = newFolder()
  const events: StoreEvent['type'][] = []
  await using store = await createStore(folder, settingsOf(10), {
    clock: systemClock,
    onEvent: ({ type }) => events.push(type),
  })
  for (const row of range(0, 10)) {
    store.journal.cell({ row, column: 0, value: `row ${row}` })
  }
  const base = { column: 1, code: 'refused', message: 'no', attempts: 1 }
  store.journal.failure({ ...base, row: 2, outcome: 'dropped' })
  store.journal.failure({ ...base, row: 3, outcome: 'null' })
  await store.writePart(
    contentOf(0, [0, 1, 3], {
      absent: [
        { row: 2, outcome: 'dropped', column: 1, code: 'refused' },
        { row: 4, outcome: 'rejected', column: 0, code: 'filter' },
      ],
      failures: [{ ...base, row: 0, code: 'template-error', outcome: 'null' }],
      nullKept: 2,
    }),
  )
  expect(events.filter((type) => type !== 'ledger-committed')).toStrictEqual([
    'part-file-written',
    'part-committed',
  ])
  const left = await journaledPart(store, 0)
  expect(left.cells.map(({ row }) => row)).toStrictEqual([5, 6, 7, 8, 9])
  expect(left.failures).toStrictEqual([])
  expect(await store.totals()).toStrictEqual({ accepted: 1, nullKept: 2, dropped: 1, rejected: 1 })
  expect(await store.partRecord(0)).toMatchObject({
    accepted: 3,
    nullKept: 2,
    decided: [{ start: 0, end: 5 }],
    profile: { columns: types.map(() => ({ cells: 3 })) },
  })
  // Null-kept cells leave their count and one example.
  const failures = await store.failures()
  expect(failures.map(({ code, outcome, count }) => [code, outcome, count])).toStrictEqual([
    ['refused', 'dropped', 1],
    ['refused', 'null', 1],
    ['template-error', 'null', 1],
  ])
  const summary = await inspectStore(folder)
  expect(summary).toMatchObject({ waitingCells: 7, parts: { count: 1 }, dataset: [] })
  expect(summary.holder?.pid).toBe(process.pid)
})

test('dropped rows come back with their paid cells, and the part is rewritten', async () => {
  const once = newFolder()
  const twice = newFolder()
  await using whole = await createStore(once, settingsOf(6000, 8192), options)
  await whole.writePart(contentOf(0, range(0, 6000)))

  await using store = await createStore(twice, settingsOf(6000, 8192), options)
  store.journal.cell({ row: 4100, column: 0, value: 'paid' })
  const failed = { column: 1, code: 'refused', message: 'no', attempts: 1 } as const
  store.journal.failure({ ...failed, row: 4100, outcome: 'dropped' })
  const dropped = [1, 2, 4100].map((row) => ({
    row,
    outcome: 'dropped' as const,
    column: 1,
    code: 'x',
  }))
  const kept = range(0, 6000).filter((row) => ![1, 2, 4100].includes(row))
  await store.writePart(contentOf(0, kept, { absent: dropped }))
  await store.join()
  expect(await retryAll(store)).toStrictEqual([
    { start: 1, end: 3 },
    { start: 4100, end: 4101 },
  ])
  expect((await inspectStore(twice)).dataset).toStrictEqual([])
  const again = await journaledPart(store, 0)
  expect(again.cells).toStrictEqual([{ row: 4100, column: 0, value: 'paid' }])
  expect(again.failures).toStrictEqual([])
  await store.writePart(contentOf(0, [2, 4100]))
  await store.writePart(contentOf(0, [1]))
  expect(await retryAll(store)).toStrictEqual([])

  const [one, other] = [await whole.partRecord(0), await store.partRecord(0)]
  expect(other?.sha256).toBe(one?.sha256)
  expect(other?.decided).toStrictEqual([{ start: 0, end: 6000 }])
  // Old files go once the new one is committed.
  expect(readdirSync(join(twice, 'parts'))).toStrictEqual(['part-00000000.s1-4.parquet'])
  const files = [await whole.join(), await store.join()]
  expect(files[0]?.map(({ sha256 }) => sha256)).toStrictEqual(files[1]?.map(({ sha256 }) => sha256))
})

test('the dataset has all accepted rows below the target in order, without dropped columns', async () => {
  await using store = await createStore(newFolder(), settingsOf(20, 8), options)
  await store.writePart(contentOf(2, range(16, 20)))
  await store.writePart(contentOf(0, [0, 2, 7]))
  await store.writePart(
    contentOf(1, [], { absent: [{ row: 9, outcome: 'rejected', column: 0, code: 'f' }] }),
  )
  expect(await store.partRecord(1)).toMatchObject({ file: null, accepted: 0, rejected: 1 })
  expect(await readDataset(store)).toStrictEqual([0, 2, 7, 16, 17, 18, 19].map(expectedRecord))
})

test('a shrunk target leaves data out of the dataset and brings it back', async () => {
  const folder = newFolder()
  await using store = await createStore(folder, settingsOf(20, 8), options)
  for (const part of [0, 1]) await store.writePart(contentOf(part, range(part * 8, part * 8 + 8)))
  await store.writePart(contentOf(2, range(16, 20)))
  const full = await store.join()
  await store.setTarget(11)
  expect(store.settings.rows).toBe(11)
  expect(await store.totals()).toMatchObject({ accepted: 11 })
  expect(await readDataset(store)).toStrictEqual(range(0, 11).map(expectedRecord))
  await store.setTarget(0)
  expect(await readDataset(store)).toStrictEqual([])
  await store.setTarget(30)
  expect(await store.join()).toStrictEqual(full)
  expect((await inspectStore(folder)).settings.rows).toBe(30)
})

test('a join that is done is found done; any change undoes it', async () => {
  const folder = newFolder()
  const events: StoreEvent['type'][] = []
  const onEvent = ({ type }: StoreEvent) => events.push(type)
  await using store = await createStore(folder, settingsOf(16, 8), { clock: systemClock, onEvent })
  await store.writePart(contentOf(0, range(0, 8)))
  const first = await store.join()
  expect(await store.join()).toStrictEqual(first)
  expect(events.filter((type) => type === 'join-started')).toHaveLength(1)
  expect((await inspectStore(folder)).dataset).toStrictEqual(first)
  await store.writePart(contentOf(1, range(8, 16)))
  expect((await store.join())[0]?.rows).toBe(16)
  const elsewhere = await store.join({ directory: join(root, 'elsewhere') })
  expect(elsewhere[0]?.path).toBe(join(root, 'elsewhere', 'train-00000-of-00001.parquet'))
  const own = join(folder, 'data', 'train-00000-of-00001.parquet')
  expect((await inspectStore(folder)).dataset.map(({ path }) => path)).toStrictEqual([own])
  expect(readdirSync(folder).filter((name) => name.includes('joining'))).toStrictEqual([])
})

test('a join for a moment is missing after it, whatever its use amounted to', async () => {
  const folder = newFolder()
  await using store = await createStore(folder, settingsOf(16, 8), options)
  await store.writePart(contentOf(0, range(0, 8)))
  const seen = await store.withJoined({ pass: null }, (files) =>
    Promise.resolve(files.map(({ path, rows }) => [existsSync(path), rows])),
  )
  expect(seen).toStrictEqual([[true, 8]])
  await expect(
    store.withJoined({ pass: null }, () => Promise.reject(new Error('no more paper'))),
  ).rejects.toThrow('no more paper')
  expect(readdirSync(folder).filter((name) => name.includes('export'))).toStrictEqual([])
  expect((await inspectStore(folder)).dataset).toStrictEqual([])
})

test('a join never replaces a file it did not make', async () => {
  const target = join(root, 'foreign')
  await using store = await createStore(newFolder(), settingsOf(8, 8), options)
  await store.join({ directory: target })
  writeFileSync(join(target, 'notes.txt'), 'mine')
  await using other = await createStore(newFolder(), settingsOf(8, 8), options)
  await expect(other.join({ directory: target })).rejects.toMatchObject({ code: 'folder-foreign' })
  await store.writePart(contentOf(0, range(0, 8)))
  expect((await store.join({ directory: target }))[0]?.rows).toBe(8)
  expect(readFileSync(join(target, 'notes.txt'), 'utf8')).toBe('mine')
})

test('a missing or cut part file is named before anything is joined', async () => {
  const folder = newFolder()
  await using store = await createStore(folder, settingsOf(8, 8), options)
  await store.writePart(contentOf(0, range(0, 8)))
  const file = join(folder, (await store.partRecord(0))?.file ?? '')
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.subarray(0, 20))
  await expect(store.join()).rejects.toThrow(/part 0: its file .* has 20 bytes, expected \d+/)
  rmSync(file)
  await expect(store.join()).rejects.toMatchObject({ code: 'file-damaged' })
  writeFileSync(file, bytes)
  expect(await store.join()).toHaveLength(1)
  expect(existsSync(join(folder, 'data.s1-2.joining'))).toBe(false)
})

test('content that contradicts itself is refused and changes nothing', async () => {
  await using store = await createStore(newFolder(), settingsOf(16, 8), options)
  const absent = [{ row: 1, outcome: 'dropped' as const, column: 0, code: 'x' }]
  await expect(store.writePart(contentOf(0, [1], { absent }))).rejects.toThrow(/two outcomes/)
  await expect(store.writePart(contentOf(0, [2, 1]))).rejects.toThrow(/ascending/)
  await expect(store.writePart(contentOf(0, [9]))).rejects.toThrow(/outside 0–8/)
  await expect(store.writePart(contentOf(0, [1], { columns: [] }))).rejects.toThrow(/5 columns/)
  const wrong = contentOf(0, [1], { columns: types.map(() => [new Map()]) })
  await expect(store.writePart(wrong)).rejects.toThrow(/expected a value of type string/)
  await store.writePart(contentOf(0, [1]))
  await expect(store.writePart(contentOf(0, [1]))).rejects.toThrow(/decided already/)
  expect(await store.totals()).toMatchObject({ accepted: 1 })
})

test('failures with many words are read in few bytes, some thousand at a time', async () => {
  const rows = 9_000
  await using store = await createStore(newFolder(), settingsOf(rows, rows), options)
  const failure = { column: 0, code: 'c', message: 'm', attempts: 1, raw: 'é'.repeat(2_000) }
  for (const row of range(0, rows)) {
    store.journal.failure({ ...failure, row, outcome: 'dropped' })
    store.journal.cell({ row, column: 3, value: row % 2 === 0 })
  }
  let next = 0
  for await (const block of store.readRows([{ start: 0, end: rows }], { maxBytes: 2 ** 20 })) {
    expect(block.failures.length).toBeLessThanOrEqual(4096)
    expect(JSON.stringify(block.failures).length).toBeLessThan(2 ** 20)
    expect([...block.rows]).toStrictEqual(range(next, block.end))
    expect(block.failures.map(({ row }) => row)).toStrictEqual(range(next, block.end))
    next = block.end
  }
  expect(next).toBe(rows)
  // Rows between others, each a separate interval.
  const odd = range(0, rows / 2).map((at) => ({ start: 2 * at + 1, end: 2 * at + 2 }))
  const found: number[] = []
  for await (const block of store.readRows(odd, { maxBytes: 2 ** 20, columns: [1] })) {
    expect(block.failures.length).toBeLessThanOrEqual(4096)
    found.push(...block.failures.map(({ row }) => row))
  }
  expect(found).toStrictEqual(odd.map(({ start }) => start))
})

test('rows of one part that are written at once are all in its file', async () => {
  await using store = await createStore(newFolder(), settingsOf(100), options)
  const written = [[0, 1], [2, 3], [2], [4]].map((rows) => store.writePart(contentOf(0, rows)))
  const ends = await Promise.allSettled(written)
  expect(ends.map(({ status }) => status)).toStrictEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
  expect(await store.totals()).toMatchObject({ accepted: 5 })
  expect((await readDataset(store)).map((record) => record['a string'])).toStrictEqual(
    range(0, 5).map((row) => valuesOf(row)[0]),
  )
})

test('what stays of a part that was given up is removed at the next opening', async () => {
  const folder = newFolder()
  const parts = join(folder, 'parts')
  {
    await using store = await createStore(folder, settingsOf(100), options)
    const content = contentOf(0, [1, 2, 3], { blockRows: 1 })
    async function* failing(): PartContent['blocks'] {
      yield* content.blocks
      await vi.waitUntil(() => existsSync(parts) && readdirSync(parts).length > 0, {
        timeout: 60_000,
      })
      const [name] = readdirSync(parts) as [string]
      // What is not a file can't be removed as one.
      rmSync(join(parts, name))
      mkdirSync(join(parts, name))
      throw new Error('no more')
    }
    await expect(store.writePart({ ...content, blocks: failing() })).rejects.toThrow('no more')
    expect(readdirSync(parts)).toHaveLength(1)
  }
  await (await openStore(folder, options)).close()
  expect(readdirSync(parts)).toStrictEqual([])
})

test('a part with many cells is read whole', async () => {
  await using store = await createStore(newFolder(), settingsOf(4000), options)
  const base = { column: 4, code: 'c', message: 'm', attempts: 1, outcome: 'dropped' as const }
  for (const row of range(0, 2000)) {
    store.journal.cell({ row, column: 1, value: row })
    if (row % 2 === 0) store.journal.cell({ row, column: 3, value: true })
    if (row % 100 === 0) store.journal.failure({ ...base, row })
  }
  const rows = range(0, 2000).filter((row) => row % 10 === 7)
  await store.writePart(contentOf(0, rows))
  const { cells, failures } = await journaledPart(store, 0)
  const left = range(0, 2000).filter((row) => row % 10 !== 7)
  expect(cells.map(({ row, column }) => [row, column])).toStrictEqual(
    left.flatMap((row) =>
      row % 2 === 0
        ? [
            [row, 1],
            [row, 3],
          ]
        : [[row, 1]],
    ),
  )
  expect(failures.map(({ row }) => row)).toStrictEqual(range(0, 20).map((index) => index * 100))
})

test('a closed run takes no more calls', async () => {
  const store = await createStore(newFolder(), settingsOf(8), options)
  await Promise.all([store.close(), store.close()])
  await expect(store.totals()).rejects.toThrow(/is closed/)
})

test('the ledger gives back the room of cells that parts hold by now', async () => {
  const folder = newFolder()
  const settings = settingsOf(64)
  const ledger = join(folder, 'ledger.sqlite')
  const text = 'x'.repeat(50_000)
  {
    await using store = await createStore(folder, settings, options)
    for (let row = 0; row < 64; row += 1) {
      store.journal.cell({ row, column: 0, value: text })
    }
  }
  const full = statSync(ledger).size
  expect(full).toBeGreaterThan(64 * text.length)
  {
    await using store = await openStore(folder, options)
    const rows = range(0, 64)
    const columns = settings.columns.map(() => rows.map(() => null))
    await store.writePart(partContent(types, { part: 0, rows, columns }))
  }
  expect(statSync(ledger).size).toBeLessThan(full / 10)
})

test('a ledger that can not be copied at the end is whole, and a warning says so', async () => {
  const directory = newFolder()
  const events: StoreEvent[] = []
  const onEvent = (event: StoreEvent): number => events.push(event)
  const store = await createStore(directory, settingsOf(10), { clock: systemClock, onEvent })
  // A folder stands where the copy is written.
  mkdirSync(join(directory, 'ledger.copy.sqlite.tmp', 'mine'), { recursive: true })
  await store.close()
  expect(events).toMatchObject([
    {
      type: 'warning',
      problem: {
        code: 'ledger-not-copied',
        message: expect.stringContaining('is whole, but has no copy'),
      },
    },
  ])
  expect(existsSync(join(directory, 'ledger.copy.sqlite'))).toBe(false)
  await using again = await openStore(directory, { clock: systemClock, onEvent })
  await again.close()
  expect(events).toHaveLength(1)
  expect(existsSync(join(directory, 'ledger.copy.sqlite'))).toBe(true)
})
