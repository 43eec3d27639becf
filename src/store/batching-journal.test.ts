import { noUsage } from '../graph/request.ts'
import { expect, test } from 'vitest'
import type { Clock } from '../util/clock.ts'
import { RowsmithError } from '../util/errors.ts'
import { createJournal } from './batching-journal.ts'
import type { JournalBatch } from './ledger-journal.ts'

const column = { name: 'a', type: 'string', fingerprint: 'f', material: '', drop: false } as const
const usage = { ...noUsage, inputTokens: 3, outputTokens: 2, reasoningTokens: 1 }

/** Time that moves when told; one commit is answered at a time. */
function setUp() {
  let now = 0
  const timers = new Map<number, { due: number; callback: () => void }>()
  let soon: (() => void)[] = []
  let ids = 0
  const clock: Clock = {
    now: () => now,
    wallTime: () => now,
    after(delayMs, callback) {
      const id = (ids += 1)
      timers.set(id, { due: now + delayMs, callback })
      return { cancel: () => timers.delete(id) }
    },
    soon: (callback) => soon.push(callback),
  }
  const commits: { batch: JournalBatch; resolve: () => void; reject: (error: Error) => void }[] = []
  const committed: [number, number][] = []
  const batching = createJournal({
    clock,
    settings: { columns: [column] },
    commit: (batch) =>
      new Promise((resolve, reject) => {
        commits.push({ batch, resolve, reject })
      }),
    onCommitted: (records, bytes) => committed.push([records, bytes]),
  })
  return {
    ...batching,
    commits,
    committed,
    turn: () => {
      const due = soon
      soon = []
      for (const callback of due) callback()
    },
    advance: (ms: number) => {
      now += ms
      for (const [id, { due, callback }] of timers) {
        if (due > now) continue
        timers.delete(id)
        callback()
      }
    },
    cell: (row: number, value = 'v') => batching.journal.cell({ row, column: 0, value }),
    rowsOf: () => commits.map(({ batch }) => batch.cells.map(({ row }) => row)),
  }
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

test('an idle journal writes at the turn of the loop, a busy one every 10 ms', async () => {
  const { cell, turn, advance, commits, rowsOf } = setUp()
  cell(0)
  cell(1)
  expect(commits).toHaveLength(0)
  turn()
  expect(rowsOf()).toStrictEqual([[0, 1]])
  cell(2)
  turn()
  advance(9)
  cell(3)
  expect(commits).toHaveLength(1)
  advance(1)
  expect(rowsOf()).toStrictEqual([
    [0, 1],
    [2, 3],
  ])
  commits[0]?.resolve()
  commits[1]?.resolve()
  await settle()
  cell(4)
  turn()
  expect(rowsOf()).toStrictEqual([[0, 1], [2, 3], [4]])
})

test('a batch goes out when it has 256 records or 1 MiB, in order', () => {
  const { cell, turn, rowsOf } = setUp()
  for (let row = 0; row < 300; row += 1) cell(row)
  expect(rowsOf().map((rows) => rows.length)).toStrictEqual([256])
  turn()
  cell(300, 'x'.repeat(1 << 20))
  expect(rowsOf().flat()).toStrictEqual(Array.from({ length: 301 }, (_, row) => row))
})

test('pending bytes are those that are not durable yet', async () => {
  const { journal, cell, turn, commits, committed } = setUp()
  const told: (Error | null)[] = []
  journal.onDurable((error) => told.push(error))
  cell(0, 'x'.repeat(1000))
  expect(journal.pendingBytes).toBeGreaterThanOrEqual(1000)
  turn()
  expect(journal.pendingBytes).toBeGreaterThanOrEqual(1000)
  commits[0]?.resolve()
  await settle()
  expect(journal.pendingBytes).toBe(0)
  expect(told).toStrictEqual([null])
  expect(committed).toStrictEqual([[1, 2048]])
})

test('requests are summed per route and raw text is capped', () => {
  const { journal, post, commits } = setUp()
  journal.request({ route: 'a', column: 0, outcome: 'ok', isCut: true, usage })
  journal.request({ route: 'a', column: 0, outcome: 'throttled', usage })
  journal.request({ route: 'b', column: 0, outcome: 'failed', usage })
  const failure = { row: 1, column: 0, code: 'c', message: 'm', attempts: 2 }
  journal.failure({
    ...failure,
    raw: 'é'.repeat(20_000),
    outcome: 'dropped',
    usage: { ...noUsage, inputTokens: 7, outputTokens: 900 },
  })
  post()
  expect(commits[0]?.batch.usage).toMatchObject([
    { route: 'a', ok: 1, cut: 1, throttled: 1, failed: 0, inputTokens: 6, outputTokens: 4 },
    { route: 'b', ok: 0, cut: 0, throttled: 0, failed: 1, reasoningTokens: 1 },
  ])
  expect(commits[0]?.batch.failures).toStrictEqual([
    {
      ...failure,
      raw: 'é'.repeat(8192),
      outcome: 'dropped',
      usage: { ...noUsage, inputTokens: 7, outputTokens: 900 },
    },
  ])
})

test('a failed write ends the journal: told once, and nothing is written after it', async () => {
  const { journal, cell, turn, advance, flush, commits } = setUp()
  const told: unknown[] = []
  journal.onDurable((error) => told.push(error))
  const full = new RowsmithError('disk-full', 'no space')
  cell(0)
  turn()
  cell(1)
  advance(10)
  commits[0]?.reject(full)
  commits[1]?.reject(full)
  await settle()
  cell(2)
  turn()
  advance(10)
  expect(commits).toHaveLength(2)
  expect(told).toStrictEqual([full])
  expect(journal.pendingBytes).toBeGreaterThan(0)
  await expect(flush()).rejects.toBe(full)
})

test('flush waits for what was appended before it', async () => {
  const { cell, flush, commits } = setUp()
  cell(0)
  let flushed = false
  const flushing = flush().then(() => (flushed = true))
  await settle()
  expect(flushed).toBe(false)
  commits[0]?.resolve()
  expect(await flushing).toBe(true)
})

test('batches beyond some bytes wait here until earlier ones are committed', async () => {
  const batching = setUp()
  const { journal, commits, cell } = batching
  const mebibyte = 'x'.repeat(2 ** 19)
  for (let row = 0; row < 10; row += 1) cell(row, mebibyte)
  // Each is a separate batch and counts a little more than a mebibyte.
  expect(commits).toHaveLength(3)
  expect(journal.pendingBytes).toBeGreaterThan(10 * 2 ** 20)
  let posted = false
  void batching.whenPosted()?.then(() => (posted = true))
  for (let done = 0; done < 7; done += 1) {
    expect(posted).toBe(false)
    commits[done]?.resolve()
    await settle()
    expect(commits).toHaveLength(done + 4)
  }
  expect(posted).toBe(true)
  expect(batching.rowsOf().flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('a journal that fails keeps no one waiting for batches that were not sent', async () => {
  const batching = setUp()
  const mebibyte = 'x'.repeat(2 ** 19)
  for (let row = 0; row < 10; row += 1) batching.cell(row, mebibyte)
  const flushing = batching.flush().catch((error: unknown) => error)
  const broken = new RowsmithError('disk-full', 'no room')
  batching.commits[0]?.reject(broken)
  await settle()
  for (const { reject } of batching.commits.slice(1)) reject(broken)
  expect(await flushing).toBe(broken)
})
