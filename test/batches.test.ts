import { cpSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Run } from '../src/run/working-run.ts'
import type { BatchAction, BatchCall, BatchCallAction } from '../src/testing/batch-server.ts'
import { createDesk } from './e2e/command.ts'
import {
  begin,
  bytesOf,
  eventsOf,
  make,
  number,
  type Protocol,
  promptsOf,
  serve,
  sizesOf,
  textColumn,
} from './support/batch-runs.ts'
import { isThorough } from './support/thorough.ts'

const desk = await createDesk()
afterAll(() => desk[Symbol.asyncDispose]())

let folders = 0
const newFolder = (): string => desk.path(`run-${folders++}`)

describe.each<Protocol>(['openai', 'anthropic'])('%s', (protocol) => {
  test('columns asked at once and in batches make one dataset, and each request goes once', async () => {
    await using server = await serve({ polls: 2 })
    const file = `${newFolder()}.jsonl`
    const options = { events: file }
    const { result, events } = await make({ server, protocol, out: newFolder(), options })
    expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 10 } })
    const written = readFileSync(file, 'utf8').match(/"type":"batch-(?:submitted|collected)"/g)
    expect(written).toHaveLength(6)
    expect(sizesOf(server)).toEqual([4, 4, 2])
    expect(new Set(promptsOf(server)).size).toBe(10)
    // Topics and titles.
    expect(server.counts.requests).toBe(20)
    expect(result.usageByRoute).toMatchObject([
      { route: 'fast', ok: 20 },
      { route: 'slow', ok: 10 },
    ])
    // As the server counted them: two words in a topic, four in a text; the answer to each says it again.
    const answers = server.batches.flatMap(({ requests }) => requests)
    expect(result.usageByRoute[1]).toMatchObject({
      inputTokens: 4 * answers.length,
      outputTokens: 4 * answers.length,
    })
    expect(result.requests).toBe(server.counts.requests + answers.length)
    expect(eventsOf(events, 'batch-submitted')).toHaveLength(3)
    expect(eventsOf(events, 'batch-collected')).toMatchObject([
      { outcome: 'completed', answered: 4, failed: 0, again: 0 },
      { answered: 4 },
      { answered: 2 },
    ])
  })

  /** Kills a run at a call of the batch API, and continues with what was in its folder then. */
  async function killAt(at: number, how: 'refuse' | 'lose', out: string) {
    const copy = `${out}-after`
    let run: Run | null = null
    let state: 'working' | 'killed' | 'resumed' = 'working'
    function onCall(call: BatchCall): BatchCallAction | undefined {
      if (state === 'resumed') return undefined
      if (state === 'killed') return 'refuse'
      if (call.number !== at) return undefined
      state = 'killed'
      cpSync(out, copy, { recursive: true, filter: (path) => !/lock/.test(basename(path)) })
      run?.abort()
      return how
    }
    await using server = await serve({ polls: 2, onCall })
    const first = await begin({ server, protocol, out })
    run = first.run
    const ended = await run.finished
    if (ended.end.kind === 'complete') return { result: ended, prompts: promptsOf(server) }
    state = 'resumed'
    const { result } = await make({ server, protocol, out: copy })
    return { result, prompts: promptsOf(server) }
  }

  test('killed between every two steps, no batch is sent twice and no answer is lost', async () => {
    await using server = await serve({ polls: 2 })
    const { result: whole } = await make({ server, protocol, out: newFolder() })
    const bytes = bytesOf(whole)
    const all = promptsOf(server).sort()
    const kills = Array.from({ length: server.batchCalls.length }, (_, at) => at)
    // Two of each call: before it was done, and after that without an answer.
    expect(kills.length * 2).toBeGreaterThanOrEqual(protocol === 'openai' ? 30 : 24)
    const every = isThorough ? kills : kills.filter((kill) => kill === 1 || kill % 6 === 0)
    for (const at of every) {
      for (const how of isThorough || at < 2 ? (['refuse', 'lose'] as const) : ['lose' as const]) {
        const { result, prompts } = await killAt(at, how, newFolder())
        expect(result.end, `${how} ${at}`).toEqual({ kind: 'complete' })
        expect(prompts.sort(), `${how} ${at}`).toEqual(all)
        expect(bytesOf(result), `${how} ${at}`).toEqual(bytes)
        const slow = result.usageByRoute.find(({ route }) => route === 'slow')
        expect(slow?.ok, `${how} ${at}`).toBe(10)
      }
    }
  }, 180_000)

  test('killed again and again, one run sends each request once and keeps each answer', async () => {
    const kills = isThorough ? 30 : 5
    const size = { rows: isThorough ? 80 : 12, runConfig: { batch_requests: 2 } }
    await using plain = await serve()
    const { result: whole } = await make({ server: plain, protocol, out: newFolder(), ...size })
    let out = newFolder()
    let killed = 0
    let calls = 0
    let run: Run | null = null
    let isDead = false
    /** Each session dies at its third call: by turns before it was done and after that. */
    function onCall(): BatchCallAction | undefined {
      if (isDead) return 'refuse'
      calls += 1
      if (calls < 3 || killed >= kills) return undefined
      isDead = true
      killed += 1
      const copy = `${out}-${killed}`
      cpSync(out, copy, { recursive: true, filter: (path) => !/lock/.test(basename(path)) })
      out = copy
      run?.abort()
      return killed % 2 === 0 ? 'refuse' : 'lose'
    }
    await using server = await serve({ onCall })
    for (;;) {
      isDead = false
      calls = 0
      const begun = await begin({ server, protocol, out, ...size })
      run = begun.run
      const { end } = await run.finished
      if (end.kind === 'complete') break
      expect(end).toEqual({ kind: 'interrupted' })
    }
    expect(killed).toBe(kills)
    const { result } = await make({ server, protocol, out, ...size })
    expect(bytesOf(result)).toEqual(bytesOf(whole))
    expect(promptsOf(server).toSorted()).toEqual(promptsOf(plain).toSorted())
    expect(result.usageByRoute.find(({ route }) => route === 'slow')?.ok).toBe(size.rows)
  }, 180_000)

  test('what expired is made again, and nothing else', async () => {
    let sent = 0
    await using server = await serve({
      script(): BatchAction {
        sent += 1
        if (sent > 1) return {}
        return { outcome: 'expired', answer: (_, at) => (at % 2 === 0 ? undefined : 'expired') }
      },
    })
    const { result, events } = await make({
      server,
      protocol,
      out: newFolder(),
      runConfig: { batch_requests: 100 },
    })
    expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 10 } })
    expect(sizesOf(server)).toEqual([10, 5])
    expect(eventsOf(events, 'batch-collected')[0]).toMatchObject({
      outcome: 'expired',
      answered: 5,
      again: 5,
    })
  })

  test('a request fails as it would alone: again while it may, or its cell with the code', async () => {
    let sent = 0
    const error = (status: number) => ({ status, body: '{"error":{"message":"no"}}' })
    await using server = await serve({
      script(): BatchAction {
        sent += 1
        // Refused; broken once; broken permanently.
        const firsts = [error(400), error(500), error(500)]
        return { answer: (_, at) => (sent === 1 ? firsts[at] : at === 1 ? error(500) : undefined) }
      },
    })
    const { result, events } = await make({
      server,
      protocol,
      out: newFolder(),
      runConfig: { batch_requests: 100, max_attempts: 2 },
    })
    expect(result).toMatchObject({
      end: { kind: 'complete' },
      rows: { accepted: 8, dropped: 2 },
    })
    expect(sizesOf(server)).toEqual([10, 2])
    const failed = eventsOf(events, 'cell-failed')
    expect(failed.map(({ code, column, stops }) => [code, column, stops])).toEqual([
      ['bad-request', 'text', false],
      ['server-error', 'text', false],
    ])
  })
})

test('results out of order, twice, of no one and of a file that is missing', async () => {
  let sent = 0
  await using server = await serve({
    script(): BatchAction {
      sent += 1
      if (sent === 2) return { isLost: true }
      if (sent > 1) return {}
      return {
        lines: (lines) => [
          ...[...lines].reverse(),
          ...lines.slice(0, 1).map((line) => line.replaceAll('[', '<')),
          '{"custom_id":"another_1","response":{"status_code":200,"body":{}}}',
          'no json at all',
        ],
      }
    },
  })
  const { result, events } = await make({ server, out: newFolder(), rows: 8 })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 8 } })
  // Four of them were lost with their file.
  expect(sizesOf(server)).toEqual([4, 4, 4])
  expect(eventsOf(events, 'batch-strange')).toMatchObject([{ results: 1, id: 'another_1' }])
  await using plain = await serve()
  const { result: whole } = await make({ server: plain, out: newFolder(), rows: 8 })
  expect(bytesOf(result)).toEqual(bytesOf(whole))
})

test('a batch that others cancelled, or that is refused, stops the run; the same command continues', async () => {
  let action: BatchAction = {
    outcome: 'cancelled',
    answer: (_, at) => (at === 0 ? undefined : 'cancelled'),
  }
  await using server = await serve({ script: () => action })
  const one = { server, out: newFolder(), rows: 4 }
  const first = await make(one)
  expect(first.result.end).toMatchObject({
    kind: 'stopped',
    reason: expect.stringContaining('was cancelled at its provider'),
  })
  expect(eventsOf(first.events, 'batch-stopped')).toHaveLength(1)
  action = { outcome: 'failed', error: { code: 'token_limit_exceeded', message: 'Too much.' } }
  const second = await make(one)
  expect(second.result.end).toMatchObject({
    kind: 'stopped',
    reason: expect.stringContaining('Too much.'),
  })
  action = {}
  const third = await make(one)
  expect(third.result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 4 } })
  expect(sizesOf(server)).toEqual([4, 3, 3])
})

test('an interrupted run leaves its batches with the provider, and the next one collects them', async () => {
  await using server = await serve({ polls: 6 })
  const one = { server, out: newFolder() }
  const controller = new AbortController()
  const { run, events } = await begin({ ...one, options: { signal: controller.signal } })
  while (server.batches.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  const moment = run.progress()
  controller.abort()
  const { end } = await run.finished
  expect(end).toEqual({ kind: 'interrupted' })
  expect(eventsOf(events, 'batches-left')).toMatchObject([{ batches: 3, requests: 10 }])
  expect(moment?.columns.map(({ name }) => name)).toContain('text')
  const { result } = await make(one)
  expect(result.end).toEqual({ kind: 'complete' })
  expect(server.batches).toHaveLength(3)
})

test('half of the results in the ledger, the rest is read again and counted once', async () => {
  let cuts = 1
  await using server = await serve({
    onCall: ({ step }) => (step === 'results' && cuts-- > 0 ? 'cut' : undefined),
  })
  const columns = [number, textColumn('text', 'slow', 'text of {{ number }}')]
  const one = { server, columns, out: newFolder(), rows: 700 }
  const { result } = await make({ ...one, runConfig: { batch_requests: 1000 } })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 700 } })
  expect(result.usageByRoute).toMatchObject([{ route: 'slow', ok: 700 }])
  expect(server.batches).toHaveLength(1)
})

test('what a batch costs is half, counts at its estimate before, and never passes max_cost', async () => {
  await using server = await serve({ polls: 3 })
  const columns = [number, textColumn('text', 'slow', 'text of {{ number }}')]
  const prices = { small: { input: 1e6, output: 0 } }
  // 1.5 dollars each for three words, and some nine before that is known.
  const one = { server, columns, prices, out: newFolder() }
  const { result, events } = await make({ ...one, options: { maxCost: 12 } })
  expect(result.end).toMatchObject({ kind: 'stopped', reason: expect.stringContaining('max_cost') })
  expect(result.usage.cost ?? 100).toBeLessThanOrEqual(12)
  expect(eventsOf(events, 'cost-reached')).toHaveLength(1)
  const { result: whole } = await make({ ...one, options: { maxCost: 400 } })
  expect(whole).toMatchObject({ end: { kind: 'complete' }, usage: { cost: 15 } })
  expect(new Set(promptsOf(server)).size).toBe(promptsOf(server).length)
  await using other = await serve()
  const dear = { small: { input: 1e6, output: 0, batch: 0.8 } }
  const { result: own } = await make({ ...one, server: other, prices: dear, out: newFolder() })
  expect(own.usage.cost).toBeCloseTo(24, 9)
})

test('answers of the cache are asked for first, and those of batches are kept in it', async () => {
  await using server = await serve()
  const cache = desk.path('cache')
  const first = await make({ server, out: newFolder(), options: { cache } })
  const second = await make({ server, out: newFolder(), options: { cache } })
  expect(server.batches).toHaveLength(3)
  expect(bytesOf(second.result)).toEqual(bytesOf(first.result))
})

test('when most of a batch is refused, the run stops before its rows are lost', async () => {
  await using server = await serve({
    script: () => ({ answer: () => ({ status: 400, body: '{"error":{"message":"no"}}' }) }),
  })
  const { result, events } = await make({
    server,
    out: newFolder(),
    rows: 100,
    runConfig: { batch_requests: 1000, shutdown_error_window: 5 },
  })
  expect(result.end).toMatchObject({ kind: 'stopped' })
  expect(result.rows.dropped).toBeLessThanOrEqual(5)
  expect(eventsOf(events, 'early-shutdown')).toHaveLength(1)
})
