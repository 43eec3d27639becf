import { describe, expect, test } from 'vitest'
import { create, start } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { createDesk, freePort, jsonOf } from './command.ts'
import { stories } from './configs.ts'

function portOf({ url }: ModelServer): number {
  return Number(new URL(url).port)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

test('a server that goes away in the middle and comes back: no row is dropped', async () => {
  await using desk = await createDesk()
  const first = await createModelServer({ latencyMs: 30 })
  await desk.write('tales.json', stories({ url: first.url, parallel: 8 }))
  const running = desk.run(['create', 'tales.json', '-n', '400', '--json'])
  while (first.counts.requests < 100) await wait(10)
  await first.close()

  await wait(1_000)
  await using second = await createModelServer({ port: portOf(first), latencyMs: 30 })
  const ended = await running

  expect(ended.code, ended.stderr).toBe(0)
  expect(jsonOf(ended)).toMatchObject({ rows: { accepted: 400, dropped: 0, remaining: 0 } })
  expect(second.counts.requests).toBeGreaterThan(250)
  // Eight broke, as many were refused, and a few asked whether it is back.
  expect(jsonOf(ended)['requests']).toBeLessThan(400 + 30)
})

test('a server that stays away: the run stops in time, and the same command continues', async () => {
  await using desk = await createDesk()
  const first = await createModelServer({ latencyMs: 20 })
  await desk.write('tales.json', stories({ url: first.url, parallel: 8 }))
  await desk.write('run.yaml', 'max_outage: 1.5\nprogress_interval: 0.2\n')
  const command = ['create', 'tales.json', '-n', '300', '--run-config', 'run.yaml']
  const running = desk.run(command)
  while (first.counts.requests < 60) await wait(10)
  await first.close()
  const gone = performance.now()

  const stopped = await running

  expect(stopped.code, stopped.stderr).toBe(4)
  // Far below the 300 s that are the default, however busy the machine is.
  expect(performance.now() - gone).toBeLessThan(90_000)
  expect(stopped.stderr).toMatch(
    /127\.0\.0\.1:\d+\/v1 has not answered for [\d.]+ s \((unreachable|disconnected)\); (next try in|being probed now)/,
  )
  const told = desk.plain(stopped.stderr)
  expect(told).toMatch(
    /Endpoint http:\/\/127\.0\.0\.1:<port>\/v1 stopped: http:\S+ has not answered since <instant> \(<time>\) and was tried \d+ times in that time; last error: .*can't be reached.* The rows remain: run the same command again when the endpoint answers\./,
  )
  expect(told).toMatch(/Stopped early\. 300 rows: \d+ accepted, \d+ remaining\./)

  await using second = await createModelServer({ port: portOf(first), latencyMs: 20 })
  const completed = await desk.run([...command, '--json'])
  expect(completed.code, completed.stderr).toBe(0)
  expect(jsonOf(completed)).toMatchObject({ rows: { accepted: 300, dropped: 0, remaining: 0 } })
  expect(second.counts.requests).toBeLessThan(300 - 40)
})

test('a server that answers 503 to everything for a while costs no row', async () => {
  await using desk = await createDesk()
  let since = Number.POSITIVE_INFINITY
  let refused = 0
  await using server = await createModelServer({
    latencyMs: 20,
    script: ({ number }) => {
      if (number === 100) since = performance.now()
      const away = performance.now() - since
      if (away < 0 || away > 1_500 || number < 100) return {}
      refused += 1
      return { status: 503, error: 'restarting', delayMs: 1 }
    },
  })
  const result = await create({
    config: { config: stories({ url: server.url, parallel: 8 }) },
    rows: 300,
    out: desk.path('run'),
    runConfig: { max_attempts: 2 },
  })
  expect(result.rows).toMatchObject({ accepted: 300, dropped: 0, remaining: 0 })
  expect(refused).toBeLessThan(40)
})

test('503 for longer than it may: stopped with rows remaining, none dropped', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number > 50 ? { status: 503, error: 'overloaded' } : {}),
  })
  const result = await create({
    config: { config: stories({ url: server.url, parallel: 4 }) },
    rows: 200,
    out: desk.path('run'),
    runConfig: { max_outage: 1 },
  })
  expect(result.end.kind).toBe('stopped')
  expect(result.rows).toMatchObject({ dropped: 0 })
  expect(result.rows.accepted + result.rows.remaining).toBe(200)
  expect(await desk.read('run/rowsmith.log')).toContain('has not answered since')
})

describe('an endpoint that was never there', () => {
  test.each([
    ['a port where nobody listens', async () => `http://127.0.0.1:${await freePort()}/v1`],
    ['a name that does not resolve', async () => 'http://no-such-host.invalid/v1'],
  ])('%s: rows remain, none is dropped', async (_, url) => {
    await using desk = await createDesk()
    const result = await create({
      config: { config: stories({ url: await url(), model: { skip_health_check: true } }) },
      rows: 30,
      out: desk.path('run'),
      runConfig: { max_outage: 1 },
    })
    expect(result.end.kind).toBe('stopped')
    expect(result.rows).toMatchObject({ accepted: 0, dropped: 0, remaining: 30 })
    expect(result.requestOutcomes.failed).toBeLessThan(20)
  })

  test('with max_outage 0 it is given up at once', async () => {
    await using desk = await createDesk()
    const began = performance.now()
    const result = await create({
      config: {
        config: stories({
          url: `http://127.0.0.1:${await freePort()}/v1`,
          model: { skip_health_check: true },
        }),
      },
      rows: 30,
      out: desk.path('run'),
      runConfig: { max_outage: 0 },
    })
    expect([result.end.kind, result.rows.remaining]).toEqual(['stopped', 30])
    // Not the 300 s of the default, nor a probe's pauses.
    expect(performance.now() - began).toBeLessThan(60_000)
  })
})

test('with max_outage 0 failures of a server are attempts at once', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number > 20 ? { status: 500, error: 'broken' } : {}),
  })
  const result = await create({
    config: { config: stories({ url: server.url }) },
    rows: 100,
    out: desk.path('run'),
    runConfig: { max_outage: 0, max_attempts: 1 },
  })
  expect(result.end.kind).toBe('stopped')
  expect(result.rows.dropped).toBeGreaterThan(4)
})

test('two models on one endpoint, one answers 404: the other finishes', async () => {
  await using desk = await createDesk()
  const counts = new Map<string, number>()
  await using server = await createModelServer({
    script: ({ text }) => {
      const { model } = JSON.parse(text) as { model: string }
      counts.set(model, (counts.get(model) ?? 0) + 1)
      if (model === 'gone') return { status: 404, error: 'no such model', delayMs: 50 }
      return { delayMs: 20 }
    },
  })
  const config = stories({
    url: server.url,
    parallel: 1,
    columns: [
      {
        name: 'end',
        column_type: 'llm-text',
        model_alias: 'closer',
        prompt: 'End {{ number }}',
        on_failure: 'null',
      },
    ],
  }) as { model_configs: object[] }
  config.model_configs.push({
    alias: 'closer',
    provider: 'local',
    model: 'gone',
    skip_health_check: true,
  })

  const stops: unknown[] = []
  await using run = await start({
    config: { config },
    rows: 40,
    out: desk.path('run'),
    onEvent: (event) => {
      if (event.type === 'endpoint-stopped') stops.push([event.endpoint, event.model])
    },
  })
  const result = await run.finished

  expect(counts.get('test')).toBe(40 + 1)
  expect(counts.get('gone')).toBeLessThan(10)
  expect([result.end.kind, stops]).toEqual(['stopped', [[server.url, 'gone']]])
  expect(result.rows).toMatchObject({ remaining: 40, dropped: 0 })
})
