import { cpSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { RunEvent } from '../src/run/run-event.ts'
import { start } from '../src/run/run.ts'
import type { RunResult } from '../src/report/run-result.ts'
import type {
  BatchAction,
  BatchCall,
  BatchCallAction,
  BatchServerOptions,
} from '../src/testing/batch-server.ts'
import {
  createModelServer,
  type ModelServer,
  type ServerCall,
} from '../src/testing/model-server.ts'
import type { Run } from '../src/run/working-run.ts'
import { createDesk } from './e2e/command.ts'
import { isThorough } from './support/thorough.ts'

const desk = await createDesk()
afterAll(() => desk[Symbol.asyncDispose]())

type Protocol = 'openai' | 'anthropic'

/** A number of its own for each row, so that prompts tell rows apart. */
const number = {
  name: 'number',
  column_type: 'sampler',
  sampler_type: 'uniform',
  params: { low: 1, high: 1e9, decimal_places: 0 },
  convert_to: 'int',
}

function textColumn(name: string, model_alias: string, prompt: string, further: object = {}) {
  return { name, column_type: 'llm-text', model_alias, prompt, ...further }
}

/** Asked at once, then in batches, then at once with the answer in hand. */
const threeColumns = [
  number,
  textColumn('topic', 'fast', 'topic {{ number }}'),
  textColumn('text', 'slow', 'text of {{ topic }}'),
  textColumn('title', 'fast', 'title of {{ text }}'),
]

interface Case {
  server: ModelServer
  protocol?: Protocol
  columns?: readonly object[]
  out: string
  rows?: number
  runConfig?: object
  maxCost?: number
  prices?: object
  cache?: string
}

function configOf({ server, protocol = 'openai', columns = threeColumns, prices }: Case) {
  const model = { provider: 'local', model: 'small', skip_health_check: true }
  return {
    model_providers: [{ name: 'local', provider_type: protocol, endpoint: server.url }],
    model_configs: [
      { ...model, alias: 'fast' },
      { ...model, alias: 'slow', mode: 'batch' },
    ],
    columns,
    ...(prices === undefined ? {} : { prices }),
  }
}

interface Made {
  run: Run
  events: RunEvent[]
}

async function begin(one: Case, signal?: AbortSignal): Promise<Made> {
  const events: RunEvent[] = []
  const run = await start({
    config: { config: configOf(one) },
    out: one.out,
    rows: one.rows ?? 10,
    seed: 7n,
    runConfig: { batch_requests: 4, batch_poll: 0.01, ...one.runConfig },
    onEvent: (event) => void events.push(event),
    ...(one.maxCost === undefined ? {} : { maxCost: one.maxCost }),
    ...(one.cache === undefined ? {} : { cache: one.cache }),
    ...(signal === undefined ? {} : { signal }),
  })
  return { run, events }
}

async function make(one: Case): Promise<{ result: RunResult; events: RunEvent[] }> {
  const { run, events } = await begin(one)
  await using _ = run
  return { result: await run.finished, events }
}

async function serve(batches: BatchServerOptions = {}): Promise<ModelServer> {
  return createModelServer({ script: answerOf, batches })
}

/** The same answer to the same prompt, so that datasets can be compared. */
function answerOf({ prompt }: Pick<ServerCall, 'prompt'>): { text: string } {
  return { text: `[${prompt}]` }
}

function bytesOf({ files }: RunResult): string[] {
  return files.map(({ path }) => `${basename(path)} ${readFileSync(path).toString('base64')}`)
}

function promptsOf({ batches }: ModelServer): string[] {
  return batches.flatMap(({ requests }) => requests.map(({ body }) => body))
}

function eventsOf<Type extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: Type,
): Extract<RunEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type)
}

let folders = 0
const newFolder = (): string => desk.path(`run-${folders++}`)

describe.each<Protocol>(['openai', 'anthropic'])('%s', (protocol) => {
  test('columns asked at once and in batches make one dataset, and each request goes once', async () => {
    await using server = await serve({ polls: 2 })
    const { result, events } = await make({ server, protocol, out: newFolder() })
    expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 10 } })
    expect(server.batches.map(({ requests }) => requests.length)).toEqual([4, 4, 2])
    expect(new Set(promptsOf(server)).size).toBe(10)
    // Topics and titles.
    expect(server.counts.requests).toBe(20)
    expect(result.usageByRoute).toMatchObject([
      { route: 'fast', ok: 20 },
      { route: 'slow', ok: 10 },
    ])
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
    expect(server.batches.map(({ requests }) => requests.length)).toEqual([10, 5])
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
    expect(server.batches.map(({ requests }) => requests.length)).toEqual([10, 2])
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
  expect(server.batches.map(({ requests }) => requests.length)).toEqual([4, 4, 4])
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
  expect(server.batches.map(({ requests }) => requests.length)).toEqual([4, 3, 3])
})

test('an interrupted run leaves its batches with the provider, and the next one collects them', async () => {
  await using server = await serve({ polls: 6 })
  const one = { server, out: newFolder() }
  const controller = new AbortController()
  const { run, events } = await begin(one, controller.signal)
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
  const { result, events } = await make({ ...one, maxCost: 12 })
  expect(result.end).toMatchObject({ kind: 'stopped', reason: expect.stringContaining('max_cost') })
  expect(result.usage.cost ?? 100).toBeLessThanOrEqual(12)
  expect(eventsOf(events, 'cost-reached')).toHaveLength(1)
  const { result: whole } = await make({ ...one, maxCost: 400 })
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
  const first = await make({ server, out: newFolder(), cache })
  const second = await make({ server, out: newFolder(), cache })
  expect(server.batches).toHaveLength(3)
  expect(bytesOf(second.result)).toEqual(bytesOf(first.result))
})

test('structured answers, corrections and judges take as many rounds as they ask', async () => {
  await using server = await createModelServer({
    batches: {},
    script({ prompt }) {
      if (prompt.includes('story')) return { text: '{"title":"T","words":3}' }
      return {}
    },
  })
  const columns = [
    number,
    {
      name: 'story',
      column_type: 'llm-structured',
      model_alias: 'slow',
      prompt: 'A story about {{ number }}',
      output_format: {
        type: 'object',
        properties: { title: { type: 'string' }, words: { type: 'integer' } },
        required: ['title', 'words'],
      },
    },
    textColumn('more', 'slow', 'More of {{ story.title }} {{ number }}'),
  ]
  const { result } = await make({ server, columns, out: newFolder(), rows: 3 })
  expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { accepted: 3 } })
  expect(server.batches.map(({ requests }) => requests.length)).toEqual([3, 3])
  expect(server.batches[0]?.requests[0]?.body).toContain('json_schema')
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

test('what batches can not do is refused before the run, with the reason', async () => {
  await using server = await serve()
  const refusals: [string, object][] = [
    [
      'select makes rows until enough are accepted',
      {
        select: { target: 5, max_candidates: 10 },
        columns: [number, textColumn('topic', 'slow', 'x {{ number }}')],
      },
    ],
    [
      'gives it tools',
      {
        tool_configs: [{ tool_alias: 'lookup', providers: ['shop'] }],
        mcp_providers: [{ name: 'shop', command: 'true' }],
        columns: [number, textColumn('topic', 'slow', 'x {{ number }}', { tool_alias: 'lookup' })],
      },
    ],
    [
      'only chats are sent in batches',
      {
        columns: [
          number,
          { name: 'v', column_type: 'embedding', model_alias: 'slow', target_column: 'number' },
        ],
        inference_parameters: { generation_type: 'embedding' },
      },
    ],
    ['take no batches', { provider: { provider_type: 'stand-in', endpoint: '' } }],
  ]
  for (const [reason, { inference_parameters, provider, ...further }] of refusals as [
    string,
    { inference_parameters?: object; provider?: object },
  ][]) {
    const config = configOf({ server, out: '' })
    const [fast, slow] = config.model_configs
    const refused = start({
      config: {
        config: {
          ...config,
          model_providers: config.model_providers.map((one) => ({ ...one, ...provider })),
          model_configs: [
            fast,
            { ...slow, ...(inference_parameters === undefined ? {} : { inference_parameters }) },
          ],
          ...further,
        },
      },
      out: newFolder(),
      rows: 10,
    })
    await expect(refused, reason).rejects.toThrow(reason)
  }
})
