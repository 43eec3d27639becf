import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { eventTypes } from '../../src/run/event-line.ts'
import { openEventFile } from '../../src/run/event-file.ts'
import { create, preview, type RequestEvent, start } from '../../src/index.ts'
import { scriptedProvider } from '../../src/testing/index.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { createDesk } from './command.ts'

const config = {
  prices: { small: { input: 1, output: 2 } },
  model_providers: [{ name: 'inside', provider_type: 'scripted', endpoint: '' }],
  model_configs: [{ alias: 'writer', provider: 'inside', model: 'small' }],
  columns: [
    { name: 'word', column_type: 'llm-text', model_alias: 'writer', prompt: 'A word.' },
    { name: 'more', column_type: 'llm-text', model_alias: 'writer', prompt: 'After {{ word }}.' },
  ],
}

type Line = Record<string, unknown> & { type: string; time: string }

async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line))
}

/** Types and fields of the table of the page. */
async function documented(): Promise<Map<string, string[]>> {
  const page = await readFile(new URL('../../docs/observability.md', import.meta.url), 'utf8')
  const fields = new Map<string, string[]>()
  for (const [, type = '', list = ''] of page.matchAll(/^\| `([a-z-]+)` \| ([^|]*)\|/gm)) {
    const base = fields.get(/^those of `([a-z-]+)`/.exec(list)?.[1] ?? '') ?? []
    const own = [...list.matchAll(/`([A-Za-z]+)`/g)].map(([, name = '']) => name)
    fields.set(type, [...base, ...own])
  }
  return fields
}

/** Time passes until the work is done, so that no pause is waited for. */
async function driven<Result>(clock: VirtualClock, work: Promise<Result>): Promise<Result> {
  const state = { isOver: false }
  const watched = work.finally(() => {
    state.isOver = true
  })
  watched.catch(() => undefined)
  while (!state.isOver) await clock.advance(100)
  return watched
}

test('the events of a run are appended to a file, as the page says', async () => {
  await using desk = await createDesk()
  const kind = scriptedProvider(({ number }) => {
    if (number === 1) return { status: 500 }
    if (number === 2) return { status: 429, retryAfterMs: 1 }
    if (number === 3) return { status: 400, message: 'no' }
    return { text: 'yes', usage: { inputTokens: 10, outputTokens: 5 } }
  })
  const events = desk.path('events.jsonl')
  const clock = createVirtualClock()
  const options = {
    config: { config },
    out: desk.path('run'),
    plugins: [{ name: 'inside', providers: [kind] }],
    clock,
    events,
  }
  const told: RequestEvent[] = []
  const first = await driven(
    clock,
    create({ ...options, rows: 5, onRequest: (event) => told.push(event) }),
  )
  const lines = await linesOf(events)
  const page = await documented()
  expect([...page.keys()].toSorted()).toEqual([...eventTypes].toSorted())
  for (const { time, type, ...fields } of lines) {
    expect(Object.keys(fields).toSorted()).toEqual((page.get(type) ?? ['none']).toSorted())
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  }
  const count = (type: string): number => lines.filter((line) => line.type === type).length
  expect(count('request-sent')).toBe(first.requests)
  expect(count('request-answered')).toBe(first.requestOutcomes.succeeded)
  expect([count('request-failed'), count('request-paused'), count('request-throttled')]).toEqual([
    3, 1, 1,
  ])
  expect(lines.find(({ type }) => type === 'cell-failed')).toMatchObject({
    column: 'word',
    code: 'bad-request',
    outcome: 'dropped',
  })
  const answered = told.filter((event) => event.type === 'request-answered')
  const cost = answered.reduce((sum, event) => sum + (event.cost ?? 0), 0)
  expect(cost).toBeCloseTo(first.usage.cost ?? 0, 12)
  const opened = lines.find(({ type }) => type === 'run-opened')
  expect(opened).toMatchObject({ rows: 5, decided: 0, resumed: false })
  expect(lines.at(-1)).toMatchObject({ type: 'run-ended', end: 'complete', cost: first.usage.cost })

  // Another session stands behind the first; an answer that sends no request has no request event.
  await driven(clock, create({ ...options, rows: 6 }))
  const both = await linesOf(events)
  expect(both.slice(0, lines.length)).toEqual(lines)
  const again = both.slice(lines.length).find(({ type }) => type === 'run-opened')
  expect(again).toMatchObject({ decided: 5, resumed: true })

  // A config that can't be made has a last event, too.
  const broken = { ...config, columns: [{ name: 'word', column_type: 'llm-text' }] }
  await expect(create({ ...options, config: { config: broken } })).rejects.toThrow("lacks 'prompt'")
  expect((await linesOf(events)).at(-1)).toMatchObject({ type: 'run-failed' })
})

test('what is asked of the cache, and what a callback throws', async () => {
  await using desk = await createDesk()
  const kind = scriptedProvider(() => 'yes')
  const options = {
    config: { config: { ...config, seed: 1 } },
    plugins: [{ name: 'inside', providers: [kind] }],
    cache: desk.path('cache'),
    rows: 2,
  }
  await create({ ...options, out: desk.path('first') })
  const told: RequestEvent[] = []
  await preview({ ...options, onRequest: (event) => told.push(event) })
  expect(told.map(({ type }) => type)).toEqual(Array(4).fill('request-cached'))
  await using run = await start({
    ...options,
    rows: 20,
    out: desk.path('second'),
    onRequest() {
      throw new Error('enough')
    },
  })
  await expect(run.finished).rejects.toThrow('enough')
})

test('a file that can not be written is refused at once, or told once', async () => {
  await using desk = await createDesk()
  const options = { config: { config }, out: desk.path('run') }
  await expect(create({ ...options, events: '-' })).rejects.toThrow('- names none')
  const missing = desk.path('missing/events.jsonl')
  await expect(create({ ...options, events: missing })).rejects.toThrow('opening the events file')

  const failures: string[] = []
  await using full = await openEventFile('/dev/full', {
    clock: createVirtualClock(),
    redact: (text) => text.replace('key', '***'),
    failed: (message) => failures.push(message),
  })
  full.write({ type: 'finishing' })
  await full[Symbol.asyncDispose]()
  expect(failures).toEqual([expect.stringContaining('ENOSPC')])

  // What waits is bounded: of what comes before the disk has any of it, two lines are taken.
  const path = desk.path('slow.jsonl')
  const slow = await openEventFile(path, {
    clock: createVirtualClock(),
    redact: (text) => text.replace('key', '***'),
    failed: (message) => failures.push(message),
    maxWaiting: 60,
  })
  slow.write({ type: 'draining' })
  for (let at = 0; at < 10; at += 1) {
    slow.write({ type: 'condition-failed', column: 'a', row: at, message: 'the key' })
  }
  await slow[Symbol.asyncDispose]()
  const lines = await linesOf(path)
  expect(lines.map(({ type }) => type)).toContain('events-left-out')
  const left = lines.find(({ type }) => type === 'events-left-out')
  expect(lines.length - 1 + Number(left?.['events'])).toBe(11)
  expect(lines.filter(({ message }) => message === 'the ***').length).toBeGreaterThan(0)
})
