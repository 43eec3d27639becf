import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JournaledExchange } from '../rows/journal.ts'
import { journaledPart, partContent } from '../../test/support/part-content.ts'
import { retryAll } from '../../test/support/retry-all.ts'
import { systemClock } from '../util/clock.ts'
import { inspectStore } from './inspect-store.ts'
import { noUsage } from '../graph/request.ts'
import { noAnswerCounts } from '../profile/answer-counts.ts'
import type { RunSettings } from './run-settings.ts'
import { createStore, openStore } from './store.ts'
import type { RunStore } from './run-store.ts'

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-exchanges-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const options = { clock: systemClock }

const settings: RunSettings = {
  name: 'talks',
  seed: 1n,
  rows: 16,
  frameRows: 8,
  partRows: 8,
  config: '{}',
  seedIdentity: null,
  columns: ['talk', 'note'].map((name) => ({
    name,
    type: 'string',
    fingerprint: `fingerprint of ${name}`,
    material: '',
    drop: false,
  })),
}

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

function exchange(row: number, turn: number, column = 0): JournaledExchange {
  const reply = JSON.stringify({ text: `turn ${turn} of row ${row}` })
  const usage = { ...noUsage, inputTokens: 10, cost: 0.25 }
  return { row, column, turn, hash: `hash ${row}.${turn}`, reply, usage }
}

async function append(store: RunStore, exchanges: readonly JournaledExchange[]): Promise<void> {
  await Promise.all(
    exchanges.map((one) => new Promise<void>((done) => store.journal.exchange(one, done))),
  )
}

async function turnsOf(store: RunStore, part = 0): Promise<string[]> {
  const { exchanges } = await journaledPart(store, part)
  return exchanges.map(({ row, column, turn }) => `${row}:${column}:${turn}`)
}

test('an exchange is durable when it calls back, and is there at the next opening', async () => {
  const folder = newFolder()
  const first = await createStore(folder, settings, options)
  await append(first, [exchange(3, 0), exchange(3, 1), exchange(5, 0, 1)])
  // Another process sees it: it is in the ledger, not on the way there.
  await first.close()
  await using second = await openStore(folder, options)
  expect(await second.unfinishedParts()).toStrictEqual([0])
  expect((await journaledPart(second, 0)).exchanges).toStrictEqual([
    exchange(3, 0),
    exchange(3, 1),
    exchange(5, 0, 1),
  ])
})

test('a cell folds its exchanges, a failure keeps them for the retry, a part ends them all', async () => {
  await using store = await createStore(newFolder(), settings, options)
  await append(store, [exchange(0, 0), exchange(0, 1), exchange(0, 0, 1), exchange(1, 0)])
  store.journal.cell({ row: 0, column: 0, value: 'made' })
  const failure = { row: 1, column: 0, code: 'refused', message: 'no', attempts: 1 }
  store.journal.failure({ ...failure, outcome: 'dropped' })
  expect(await turnsOf(store)).toStrictEqual(['0:1:0', '1:0:0'])

  const absent = [{ row: 1, outcome: 'dropped' as const, column: 0, code: 'refused' }]
  const content = { part: 0, rows: [0], columns: [['made'], ['n']], absent }
  await store.writePart(partContent(['string', 'string'], content))
  expect(await turnsOf(store)).toStrictEqual([])
  expect(await retryAll(store)).toStrictEqual([{ start: 1, end: 2 }])
  expect(await turnsOf(store)).toStrictEqual(['1:0:0'])
})

test('an exchange that is asked anew replaces the one before', async () => {
  await using store = await createStore(newFolder(), settings, options)
  await append(store, [exchange(2, 0)])
  await append(store, [{ ...exchange(2, 0), hash: 'another', reply: '{"text":"other"}' }])
  const { exchanges } = await journaledPart(store, 0)
  expect(exchanges).toMatchObject([{ turn: 0, hash: 'another', reply: '{"text":"other"}' }])
})

test('exchanges are forgotten from a turn on, in the order of the records', async () => {
  await using store = await createStore(newFolder(), settings, options)
  await append(store, [exchange(2, 0), exchange(2, 1), exchange(2, 2), exchange(3, 1)])
  store.journal.forget(2, 0, 1)
  await append(store, [exchange(2, 2)])
  expect(await turnsOf(store)).toStrictEqual(['2:0:0', '2:0:2', '3:0:1'])
})

test('a null counts as dropped when another cell drops its row, before or after it', async () => {
  await using store = await createStore(newFolder(), settings, options)
  const failed = (row: number, column: number, outcome: 'null' | 'dropped'): void =>
    store.journal.failure({ row, column, code: `c${column}`, message: 'no', attempts: 1, outcome })
  failed(0, 0, 'null')
  failed(1, 0, 'null')
  failed(1, 1, 'dropped')
  failed(2, 1, 'dropped')
  const told = async (): Promise<unknown[]> =>
    (await store.failures()).map(({ code, outcome, count }) => [code, outcome, count])
  const expected = [
    ['c1', 'dropped', 2],
    ['c0', 'dropped', 1],
    ['c0', 'null', 1],
  ]
  expect(await told()).toStrictEqual(expected)
  const absent = [1, 2].map((row) => ({
    row,
    outcome: 'dropped' as const,
    column: 1,
    code: 'c1',
  }))
  const content = { part: 0, rows: [0], columns: [[null], ['n']], absent }
  await store.writePart(partContent(['string', 'string'], content))
  expect(await told()).toStrictEqual(expected)
})

test('thousands of exchanges of one part are read whole, also those of one row', async () => {
  await using store = await createStore(newFolder(), settings, options)
  const all = [0, 2, 3].flatMap((row) =>
    Array.from({ length: row === 2 ? 3_000 : 700 }, (_, turn) => exchange(row, turn)),
  )
  await append(store, all)
  for (const row of [1, 3, 4]) store.journal.cell({ row, column: 1, value: `note ${row}` })
  const { cells, exchanges } = await journaledPart(store, 0)
  expect(exchanges).toStrictEqual(all)
  expect(cells.map(({ row }) => row)).toStrictEqual([1, 3, 4])
})

test('what requests cost is summed by session, route and column', async () => {
  const folder = newFolder()
  const usage = { ...noUsage, inputTokens: 100, cachedInputTokens: 60, outputTokens: 7 }
  {
    await using store = await createStore(folder, settings, options)
    store.journal.request({
      route: 'r',
      column: 0,
      outcome: 'ok',
      usage: { ...usage, cost: 0.5 },
      toolCalls: 2,
      isCorrection: true,
      outputMode: 'prompt',
    })
    store.journal.request({ route: 'r', column: 1, outcome: 'failed', usage })
    store.journal.request({ route: 's', outcome: 'throttled', usage: noUsage })
  }
  await using store = await openStore(folder, options)
  store.journal.request({
    route: 'r',
    column: 0,
    outcome: 'ok',
    usage: { ...usage, cost: 0.25 },
    toolCalls: 0,
    outputMode: 'prompt',
  })
  store.journal.request({ route: 'r', column: 1, outcome: 'ok', usage: { ...usage, images: 2 } })
  expect(await store.usage()).toStrictEqual([
    {
      route: 'r',
      ok: 3,
      cached: 0,
      cut: 0,
      throttled: 0,
      failed: 1,
      inputTokens: 400,
      cachedInputTokens: 240,
      outputTokens: 28,
      reasoningTokens: 0,
      images: 2,
      cost: 0.75,
      toolTurns: 1,
      toolCalls: 2,
      corrections: 1,
      givenUp: 0,
      choices: [],
      byMode: {
        prompt: {
          answers: 2,
          ...noUsage,
          inputTokens: 200,
          cachedInputTokens: 120,
          outputTokens: 14,
          cost: 0.75,
        },
      },
    },
    {
      route: 's',
      ok: 0,
      cut: 0,
      throttled: 1,
      failed: 0,
      ...noUsage,
      ...noAnswerCounts,
      givenUp: 0,
      choices: [],
    },
  ])
  const { columnUsage } = await inspectStore(folder)
  expect(columnUsage).toMatchObject([
    { column: null, route: 's', throttled: 1, cost: null },
    { column: 0, route: 'r', ok: 2, inputTokens: 200, cost: 0.75 },
    { column: 1, route: 'r', ok: 1, failed: 1, images: 2, cost: null },
  ])
})

test('a batch is known before it is sent, and until it has ended', async () => {
  const folder = newFolder()
  const requests = [7, 8, 11].map((row, number) => {
    return { number, row, column: 1, turn: 0, hash: `h${row}` }
  })
  const batch = {
    route: 'r',
    place: 'r: m (p)',
    submission: 'run-1',
    submitted: 1_000,
    reserved: 0.5,
    requests,
  }
  {
    await using store = await createStore(folder, settings, options)
    expect(await store.batches.add(batch)).toBe(1)
    expect(await store.batches.add({ ...batch, submission: 'run-2' })).toBe(2)
  }
  await using store = await openStore(folder, options)
  await store.batches.setHandle(2, 'batch_abc')
  const open = { ...batch, requests: 3 }
  expect(await store.batches.open()).toStrictEqual([
    { id: 1, handle: null, state: 'submitting', ...open },
    { id: 2, handle: 'batch_abc', state: 'submitted', ...open, submission: 'run-2' },
  ])
  await store.batches.end(1, 'expired')
  expect((await store.batches.open()).map(({ id }) => id)).toStrictEqual([2])
  await expect(store.batches.add(batch)).rejects.toThrow('the batch run-1 was submitted before')
  expect(await store.batches.rows()).toEqual([
    { start: 7, end: 9 },
    { start: 11, end: 12 },
  ])
  const usage = { ...noUsage, inputTokens: 5, cost: 0.25 }
  const answered = { row: 7, column: 1, turn: 0, hash: 'h7', reply: '{}', usage }
  const requested = { route: 'r', column: 1, outcome: 'ok' as const, usage }
  const refused = { row: 8, column: 1, code: 'bad-request', message: 'no', attempts: 1 }
  await store.batches.collect(2, {
    numbers: [0, 1],
    exchanges: [answered],
    failures: [{ ...refused, outcome: 'dropped' }],
    requests: [requested],
  })
  expect(await store.batches.requests(2, [0, 1, 2])).toStrictEqual([requests[2]])
  expect(await store.batches.numbers(2, 0, 10)).toStrictEqual([2])
  const known = await store.readKnownRows({ start: 7, end: 9 })
  expect(known.patterns).toMatchObject([{ exchanges: [1] }, { dropped: true }])
  expect(await store.usage()).toMatchObject([{ route: 'r', ok: 1, inputTokens: 5, cost: 0.25 }])
})
