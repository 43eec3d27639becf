import { expect, test } from 'vitest'
import { create, open, start, type RunResult } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from '../e2e/command.ts'
import { stories } from '../e2e/configs.ts'

function limited(url: string, parameters: object, provider: object = {}): { config: object } {
  return {
    config: stories({
      url,
      provider,
      model: { inference_parameters: { max_parallel_requests: 8, ...parameters } },
    }),
  }
}

test('a declared rate holds over real HTTP, and is shown', async () => {
  await using desk = await createDesk()
  const arrivals: number[] = []
  await using server = await createModelServer({
    script: () => {
      arrivals.push(performance.now())
      return {}
    },
  })

  await using run = await start({
    config: limited(server.url, { requests_per_minute: 1_200 }),
    rows: 50,
    out: desk.path('run'),
  })
  const [route] = run.progress()?.routes ?? []
  const result = await run.finished

  expect(route).toMatchObject({ requestsPerMinute: 1_200, tokensPerMinute: null })
  expect(result.rows).toMatchObject({ accepted: 50 })
  // A second's worth, 20, may leave at once; the first request asked whether the model is there.
  const seconds = ((arrivals.at(-1) ?? 0) - (arrivals[1] ?? 0)) / 1_000
  expect(seconds).toBeGreaterThan((0.8 * (50 - 20 - 1)) / 20)
  await using dataset = await open(result.dir)
  expect((await dataset.summary()).limits).toEqual([
    { alias: 'writer', requestsAtOnce: 8, requestsPerMinute: 1_200, tokensPerMinute: null },
  ])
  const shown = await desk.run(['show', 'run'])
  expect(shown.stdout, shown.stderr).toContain('; at most 1.20 k requests/min')
})

test('tokens of a provider are limited over all of its aliases, by what its replies count', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: () => ({ usage: { prompt_tokens: 100, completion_tokens: 900 } }),
  })
  const config = limited(server.url, {}, { tokens_per_minute: 600_000 })

  await using run = await start({ config, rows: 40, out: desk.path('run') })
  const began = performance.now()
  const result = await run.finished

  expect(result.usage).toMatchObject({ inputTokens: 4_000, outputTokens: 36_000 })
  // 10,000 may leave at once; replies taught the rest, of which 8 were in flight at the end.
  expect((performance.now() - began) / 1_000).toBeGreaterThan((40_000 - 10_000 - 9_000) / 10_000)
})

test('a rate that replies tell is kept to', async () => {
  await using desk = await createDesk()
  const arrivals: number[] = []
  await using server = await createModelServer({
    script: () => {
      arrivals.push(performance.now())
      const left = String(1_200 - arrivals.length)
      return {
        headers: {
          'x-ratelimit-limit-requests': '1200',
          'x-ratelimit-remaining-requests': left,
          'x-ratelimit-reset-requests': `${arrivals.length * 50}ms`,
        },
      }
    },
  })

  const result: RunResult = await create({
    config: limited(server.url, {}),
    rows: 50,
    out: desk.path('run'),
  })

  expect(result.rows).toMatchObject({ accepted: 50 })
  const seconds = ((arrivals.at(-1) ?? 0) - (arrivals[1] ?? 0)) / 1_000
  expect(seconds).toBeGreaterThan((50 - 20 - 8) / 20)
})

test('503 with Retry-After waits and costs no attempt', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) =>
      number > 0 && number < 5 ? { status: 503, headers: { 'retry-after': '0.1' } } : {},
  })

  const result = await create({
    config: limited(server.url, { max_parallel_requests: 1 }),
    runConfig: { max_attempts: 2 },
    rows: 3,
    out: desk.path('run'),
  })

  expect(result.rows).toMatchObject({ accepted: 3, dropped: 0 })
  expect(result.requestOutcomes).toMatchObject({ throttled: 4, failed: 0 })
})

test.each([
  ['retry-after: 0', { 'retry-after': '0' }],
  ['a date in the past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }],
  ['retry-after-ms: 0', { 'retry-after-ms': '0' }],
  ['a negative one', { 'retry-after': '-5' }],
  [
    'quotas that reset in 0 s',
    {
      'x-ratelimit-limit-requests': '100000',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '0s',
    },
  ],
])(
  'a server that answers 429 with %s is not asked at the speed of the network',
  async (_, headers) => {
    await using desk = await createDesk()
    await using server = await createModelServer({ script: () => ({ status: 429, headers }) })
    const run = await start({
      config: limited(server.url, {}),
      rows: 50,
      out: desk.path('run'),
    })

    const wait = async (ms: number): Promise<void> =>
      new Promise((resolve) => {
        setTimeout(resolve, ms)
      })
    while (server.counts.requests <= 8) await wait(10)
    await wait(1_500)

    // Eight at first, then one after 0.25, 0.5, 1 s…
    expect(server.counts.requests).toBeLessThan(20)
    run.abort()
    await run.finished
    const log = await desk.read('run/rowsmith.log')
    expect(log.match(/\b429\b/g)?.length, log).toBeLessThanOrEqual(2)
    expect(log).toMatch(/route writer: \d+ more answers 429 in \d+ s/)
  },
)
