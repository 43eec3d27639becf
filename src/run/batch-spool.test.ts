import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { RequestError } from '../graph/request-error.ts'
import { type ModelRequest, textMessage, textOf } from '../graph/request.ts'
import type { BatchApi } from '../models/batch-api.ts'
import type { DeferredRequest } from '../rows/deferred-requests.ts'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { type BatchPlace, createBatchSpool, type SpooledBatch } from './batch-spool.ts'

const directory = mkdtempSync(join(tmpdir(), 'rowsmith-spool-'))
afterAll(() => rmSync(directory, { recursive: true }))

function refused(): never {
  throw new Error('the spool sends nothing itself')
}

/** Lines with an id and a prompt; embeddings go elsewhere than chats. */
function placeOf(name: string, { weight = 1, mostBytes = 10_000 } = {}): BatchPlace {
  const api: BatchApi = {
    mostRequests: 5,
    mostBytes,
    separator: '\n',
    line(id, request) {
      if (request.operation === 'embed') return { text: `${id} vectors`, endpoint: '/embeddings' }
      const said =
        request.operation === 'chat' ? request.messages.map(({ content }) => content) : []
      return { text: `${id} ${said.map(textOf).join('')}`, endpoint: '/chat/completions' }
    },
    submit: refused,
    find: refused,
    status: refused,
    results: refused,
    cancel: refused,
  }
  return { name, weight, api }
}

function spoolOf(places: readonly BatchPlace[], mostRequests = 100) {
  const ready: SpooledBatch[] = []
  const clock = createVirtualClock()
  let names = 0
  const spool = createBatchSpool({
    clock,
    directory,
    placesOf: (route) => (route === 'slow' ? places : []),
    exchangeHash: () => 'hash',
    cost: null,
    mostRequests,
    longestWaitMs: 900_000,
    newName: () => `run-${(names += 1)}`,
    ready: (batch) => void ready.push(batch),
  })
  spool.begin(0)
  return { spool, ready, clock }
}

function chatOf(
  row: number,
  text = 'hello',
  fields: Partial<DeferredRequest> = {},
): DeferredRequest {
  const message: ModelRequest = { operation: 'chat', messages: [textMessage('user', text)] }
  const about = { route: 'slow', row, column: 1, turn: 0, maxTokens: null, hasStrayed: false }
  return { ...about, message, ...fields }
}

const sizes = (ready: readonly SpooledBatch[]) => ready.map(({ requests }) => requests.length)

test('a file is full by requests, by bytes, by texts to be embedded, or when it is old', async () => {
  const { spool, ready, clock } = spoolOf([placeOf('slow', { mostBytes: 40 })], 3)
  expect([spool.takes('slow'), spool.takes('fast')]).toEqual([true, false])
  for (let row = 0; row < 4; row += 1) spool.add(chatOf(row, ''))
  // 8 bytes each; the one that does not fit begins another file.
  spool.add(chatOf(4, 'x'.repeat(30)))
  expect(sizes(ready)).toEqual([3, 1])
  const texts = [1, 2, 3].map((number) => [{ type: 'text' as const, text: `${number}` }])
  const embed = (row: number): DeferredRequest =>
    chatOf(row, '', { message: { operation: 'embed', inputs: texts } })
  // Another path than the file's, and then six texts where five may be.
  spool.add(embed(5))
  spool.add(embed(6))
  expect(sizes(ready)).toEqual([3, 1, 1, 1])
  expect(ready.map(({ endpoint }) => endpoint)).toEqual([
    ...Array.from({ length: 3 }, () => '/chat/completions'),
    '/embeddings',
  ])
  expect(spool.size).toBe(1)
  await clock.advance(900_000)
  expect(sizes(ready)).toEqual([3, 1, 1, 1, 1])
  expect(spool.size).toBe(0)
  const [first] = ready
  expect(readFileSync(first?.path ?? '', 'utf8')).toBe('run-1_0 \nrun-1_1 \nrun-1_2 ')
  expect(first?.bytes).toBe(26)
})

test('a request larger than a batch may be fails, and the others are as they were', () => {
  const { spool, ready } = spoolOf([placeOf('slow', { mostBytes: 100 })])
  spool.add(chatOf(0))
  const large = (): void => spool.add(chatOf(1, 'x'.repeat(200)))
  expect(large).toThrow(RequestError)
  expect(large).toThrow(/and a batch may have 100 B/)
  spool.add(chatOf(2))
  spool.flush()
  expect(ready.map(({ requests }) => requests.map(({ row }) => row))).toEqual([[0, 2]])
})

test('each file goes as a whole to the place with the fewest requests for its weight', () => {
  const { spool, ready } = spoolOf([placeOf('one'), placeOf('two', { weight: 3 })], 2)
  for (let row = 0; row < 16; row += 1) spool.add(chatOf(row))
  const places = ready.map(({ place }) => place)
  expect(places.filter((place) => place === 'one')).toHaveLength(2)
  expect(places.filter((place) => place === 'two')).toHaveLength(6)
})

test('a cell may ask otherwise in two rounds, however many requests it has in each', () => {
  const { spool, ready } = spoolOf([placeOf('slow')])
  const stray = (turn: number): void => spool.add(chatOf(0, 'now', { turn, hasStrayed: true }))
  for (let round = 0; round < 2; round += 1) {
    stray(0)
    stray(1)
    spool.flush()
    spool.begin(0)
  }
  expect(() => stray(0)).toThrow(/asked something else each time/)
  // Another one is no worse for it.
  spool.add(chatOf(1, 'now', { hasStrayed: true }))
  spool.flush()
  expect(sizes(ready)).toEqual([2, 2, 1])
})
