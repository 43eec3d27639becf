import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { create, open, type RunOptions, start } from '../../src/index.ts'
import type { ChoiceUsage } from '../../src/profile/choice-usage.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { scriptedProvider } from '../../src/testing/scripted.ts'
import { createDesk } from './command.ts'
import { stories } from './configs.ts'

// A model alias with several places to go: real endpoints, one of which dies and comes back.

test('four endpoints, one killed in the middle and back, one slow: no row is lost, all is counted once', async () => {
  await using desk = await createDesk()
  const keys: string[] = []
  await using one = await createModelServer({ latencyMs: 10 })
  await using keyed = await createModelServer({
    latencyMs: 10,
    script: ({ headers: { authorization = '' } }) => {
      keys.push(authorization)
      // One of its keys is revoked in the middle.
      const isRevoked = authorization.endsWith('-one') && keys.length > 40
      return isRevoked ? { status: 401, code: 'invalid_api_key' } : {}
    },
  })
  await using slow = await createModelServer({ latencyMs: 100 })
  const dying: ModelServer[] = [
    await createModelServer({
      latencyMs: 10,
      script: ({ number }) => {
        if (number === 40) setTimeout(() => void kill(), 5)
        return {}
      },
    }),
  ]
  const port = Number(new URL(dying[0]?.url ?? '').port)
  let answeredWhileAway = 0

  async function kill(): Promise<void> {
    await dying[0]?.close()
    const before = one.counts.requests + keyed.counts.requests
    setTimeout(() => {
      answeredWhileAway = one.counts.requests + keyed.counts.requests - before
      void createModelServer({ port, latencyMs: 10 }).then((server) => dying.push(server))
    }, 500)
  }

  const places = { one, keyed, dying: dying[0], slow }
  const run = await start({
    config: {
      config: {
        ...stories({ url: one.url }),
        prices: { test: { input: 1, output: 2 }, other: { input: 10, output: 20 } },
        model_providers: Object.entries(places).map(([name, server]) => ({
          name,
          endpoint: server?.url,
          ...(name === 'keyed' ? { api_keys: ['KEY_A', 'KEY_B'] } : {}),
        })),
        model_configs: [
          {
            alias: 'writer',
            model: 'test',
            pool: [
              { provider: 'one', model: 'other', weight: 2 },
              { provider: 'keyed' },
              { provider: 'dying' },
              { provider: 'slow' },
            ],
            skip_health_check: true,
            inference_parameters: { max_parallel_requests: 8 },
          },
        ],
      },
    },
    environment: { KEY_A: 'secret-number-one', KEY_B: 'secret-number-two' },
    rows: 1_000,
    out: desk.path('run'),
  })
  const result = await run.finished
  await run[Symbol.asyncDispose]()

  expect(result.rows).toMatchObject({ accepted: 1_000, dropped: 0 })
  expect(answeredWhileAway).toBeGreaterThan(20)
  const [writer] = result.usageByRoute
  const choices = new Map(writer?.choices.map((choice) => [choice.choice, choice]))
  function of(name: string): ChoiceUsage {
    const found = choices.get(name)
    if (found === undefined) throw new Error(`nothing went to ${name}`)
    return found
  }
  expect(of('other (one)').ok).toBe(one.counts.requests)
  const { statuses } = keyed.counts
  const [first, second] = [of('test (keyed, KEY_A)'), of('test (keyed, KEY_B)')]
  expect(first.ok + second.ok).toBe(statuses.get(200))
  // What was in flight with the revoked key went elsewhere, and no more went with it.
  expect(first.failed).toBe(statuses.get(401))
  expect(first.failed).toBeGreaterThan(0)
  expect(first.failed).toBeLessThanOrEqual(8)
  expect(second.failed).toBe(0)
  expect(of('test (slow)').ok).toBe(slow.counts.requests)
  // It was used again after it had come back; what broke or was refused failed.
  const answered = dying.map(({ counts }) => counts.statuses.get(200) ?? 0)
  expect(answered[1]).toBeGreaterThan(20)
  expect(of('test (dying)').ok).toBeGreaterThanOrEqual((answered[0] ?? 0) + (answered[1] ?? 0) - 8)
  const sum = [...choices.values()].reduce(
    (all, { ok, failed, throttled, givenUp }) => all + ok + failed + throttled + givenUp,
    0,
  )
  expect(sum).toBe(result.requests)
  expect([...choices.values()].reduce((all, { ok }) => all + ok, 0)).toBe(1_000)
  // Both keys are used, and each choice costs what its own model does.
  expect(new Set(keys)).toEqual(new Set(['Bearer secret-number-one', 'Bearer secret-number-two']))
  for (const [price, name] of [
    [10, 'other (one)'],
    [1, 'test (slow)'],
  ] as const) {
    const { cost, inputTokens, outputTokens } = of(name)
    expect(cost).toBeCloseTo((price * (inputTokens + 2 * outputTokens)) / 1e6, 8)
  }
  expect(writer?.cost).toBeCloseTo(
    [...choices.values()].reduce((all, { cost }) => all + (cost ?? 0), 0),
    8,
  )
  const shown = await desk.run(['show', 'run'])
  expect(shown.stdout).toMatch(
    /test \(keyed, KEY_B\): \d+ answers, 0 × 429, 0 failed; .* tokens in/,
  )
  expect(shown.stdout).toMatch(/other \(one\): .*half of them within 0.\d s, 95 % within/)
  expect(await readFile(desk.path('run/report.html'), 'utf8')).toContain('test (keyed, KEY_A)')
  const files = await readdir(desk.path('run'), { recursive: true, withFileTypes: true })
  for (const file of files.filter((entry) => entry.isFile())) {
    const text = await readFile(join(file.parentPath, file.name), 'latin1')
    expect(text.includes('secret-number'), file.name).toBe(false)
  }
  await dying[1]?.close()
})

function pooled(names: readonly string[], out: string, cache: string) {
  const provider = scriptedProvider(({ number, model }) => `answer ${number} of ${model}`)
  const options: RunOptions = {
    config: {
      config: {
        ...stories({ url: '' }),
        seed: 7,
        model_providers: ['a', 'b', 'c'].map((name) => ({ name, provider_type: 'scripted' })),
        model_configs: [
          {
            alias: 'writer',
            pool: names.map((name) => ({ provider: name, model: `model-${name}` })),
          },
        ],
      },
    },
    rows: 12,
    out,
    cache,
    plugins: [{ name: 'scripted', providers: [provider] }],
  }
  return { provider, options }
}

test('a pool may grow by places in the middle of a run; answers are kept by the model that gave them', async () => {
  await using desk = await createDesk()
  const cache = desk.path('cache')
  const first = pooled(['a', 'b'], desk.path('first'), cache)
  const result = await create(first.options)
  const usage = result.usageByRoute[0]?.choices ?? []
  const ofA = usage.find(({ choice }) => choice === 'model-a (a)')?.ok ?? 0
  expect(usage.reduce((sum, { ok }) => sum + ok, 0)).toBe(12)
  expect(ofA).toBeGreaterThan(0)
  const again = pooled(['b', 'a'], desk.path('again'), cache)
  expect(await create(again.options)).toMatchObject({ requests: 0, cached: 12 })
  // Another run that asks one of the models only finds what that one answered.
  const alone = pooled(['a'], desk.path('alone'), cache)
  expect(await create(alone.options)).toMatchObject({ requests: 12 - ofA, cached: ofA })
  expect(alone.provider.calls.every(({ model }) => model === 'model-a')).toBe(true)

  const grown = pooled(['a', 'b', 'c'], desk.path('first'), desk.path('other-cache'))
  await expect(create({ ...grown.options, rows: 20 })).rejects.toThrow('story')
  const weighted = pooled(['b', 'a'], desk.path('first'), desk.path('other-cache'))
  expect((await create({ ...weighted.options, rows: 20 })).rows.accepted).toBe(20)
  await using dataset = await open(desk.path('first'))
  const choices = (await dataset.summary()).usageByRoute[0]?.choices ?? []
  expect(choices.map(({ choice }) => choice).toSorted()).toEqual(['model-a (a)', 'model-b (b)'])
  expect(choices.reduce((sum, { ok }) => sum + ok, 0)).toBe(20)
})

test('a pool begins as long as one of its places is ready, and says which is not', async () => {
  await using desk = await createDesk()
  await using good = await createModelServer({})
  const warnings: string[] = []
  const config = (urls: readonly string[]) => ({
    config: {
      ...stories({ url: '' }),
      model_providers: urls.map((endpoint, at) => ({ name: `p${at}`, endpoint })),
      model_configs: [
        { alias: 'writer', model: 'test', pool: urls.map((_, at) => ({ provider: `p${at}` })) },
      ],
    },
  })
  const nobody = 'http://127.0.0.1:9/v1'
  const result = await create({
    config: config([nobody, good.url]),
    rows: 20,
    out: desk.path('run'),
    onEvent(event) {
      if (event.type === 'warning') warnings.push(event.problem.message)
    },
  })
  expect(result.rows.accepted).toBe(20)
  expect(warnings).toMatchObject([expect.stringMatching(/^model writer: test \(p0\) is not ready/)])
  await expect(
    create({ config: config([nobody, 'http://127.0.0.1:10/v1']), rows: 2, out: desk.path('none') }),
  ).rejects.toThrow(/model writer: test \(p0\).*\n.*model writer: test \(p1\)/)

  await desk.write('config.json', config([good.url, nobody]).config)
  const checked = await desk.run(['models', 'check', 'config.json', '--json'])
  expect(JSON.parse(checked.stdout)).toMatchObject({
    ok: false,
    models: [
      { alias: 'writer', provider: 'p0', ok: true },
      { alias: 'writer', provider: 'p1', ok: false },
    ],
  })
})
