import { readdir, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { forecastTexts } from '../src/cli/forecast-texts.ts'
import { create, forecast, preview, type RunOptions } from '../src/index.ts'
import { normalQuantile } from '../src/random/normal.ts'
import { createRandom } from '../src/random/random.ts'
import { scriptedProvider, type ScriptedCall } from '../src/testing/index.ts'
import { createModelServer } from '../src/testing/model-server.ts'
import { linkLibrary } from './docs/shell.ts'
import { createDesk, jsonOf } from './e2e/command.ts'
import { repetitions } from './support/thorough.ts'

const prices = { small: { input: 1, output: 4 } }

function configOf(further: object = {}) {
  return {
    seed: 3,
    prices,
    model_providers: [{ name: 'inside', provider_type: 'scripted', endpoint: '' }],
    model_configs: [
      {
        alias: 'writer',
        provider: 'inside',
        model: 'small',
        inference_parameters: { max_parallel_requests: 64 },
      },
    ],
    columns: [
      {
        name: 'number',
        column_type: 'sampler',
        sampler_type: 'uniform',
        params: { low: 0, high: 1_000_000, decimal_places: 6 },
      },
      {
        name: 'story',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'Tell {{ number }}.',
      },
      {
        name: 'mood',
        column_type: 'llm-structured',
        model_alias: 'writer',
        prompt: 'The mood of {{ number }} in {{ story }}',
        output_format: {
          type: 'object',
          properties: { mood: { type: 'string' } },
          required: ['mood'],
        },
      },
    ],
    ...further,
  }
}

/**
 * Log-normal lengths, as those of answers are; one story in 20 is refused, one mood in ten can't be
 * used at first, and is asked for again.
 */
function answerOf({ prompt, repetition, request }: ScriptedCall) {
  const random = createRandom(1n, `${prompt} ${repetition}`)
  const length = Math.exp(0.5 * normalQuantile(Math.max(1e-9, random.uniform())))
  if (prompt.startsWith('Tell')) {
    if (random.uniform() < 0.05) return { status: 400, message: 'no' }
    return { text: 'Once', usage: { inputTokens: 20, outputTokens: Math.round(400 * length) } }
  }
  const isFirst = request.operation === 'chat' && request.messages.length === 1
  const text = isFirst && random.uniform() < 0.1 ? 'what?' : '{"mood":"good"}'
  const inputTokens = Math.round(400 * length)
  return { text, usage: { inputTokens, outputTokens: 15 } }
}

function options(config: object, more: Partial<RunOptions> = {}): RunOptions {
  return {
    config: { config },
    plugins: [{ name: 'inside', providers: [scriptedProvider(answerOf)] }],
    runConfig: { disable_early_shutdown: true },
    ...more,
  }
}

test('a preview of 50 rows estimates the bill of all of them within 15 %', async () => {
  await using desk = await createDesk()
  const rows = repetitions({ all: 10_000, some: 1_500 })
  const config = configOf({ rows })
  const { forecast: foreseen } = await preview(options(config, { rows: 50 }))
  const { usage, requests } = await create(options(config, { out: desk.path('run') }))
  const ratio = (expected: number | undefined, real: number): number => (expected ?? 0) / real
  const off = [
    ratio(foreseen?.cost?.expected, usage.cost ?? 0),
    ratio(foreseen?.requests.expected, requests),
    ratio(foreseen?.inputTokens.expected, usage.inputTokens),
    ratio(foreseen?.outputTokens.expected, usage.outputTokens),
  ]
  for (const one of off) expect(Math.abs(one - 1)).toBeLessThan(0.15)
  const { low, high } = foreseen?.cost ?? {}
  expect(low ?? 1).toBeLessThan(usage.cost ?? 0)
  expect(high ?? 0).toBeGreaterThan(usage.cost ?? 0)
  expect(foreseen).toMatchObject({ rows, basis: 'rows', sampleRows: 50, unknown: [] })

  // What is left of a run goes by its own cells.
  const half = await forecast(options(config, { out: desk.path('run'), rows: 2 * rows }))
  expect(half).toMatchObject({ exists: true, rows: 2 * rows, decided: rows, plan: null })
  expect(Math.abs(ratio(half.forecast.cost?.expected, usage.cost ?? 0) - 1)).toBeLessThan(0.01)
  expect(half.forecast.requests.expected).toBeCloseTo(requests, -2)
})

test('places of a pool count by their weights, and requests of batches at their price', async () => {
  await using desk = await createDesk()
  const inference_parameters = { max_tokens: 200 }
  const [, story] = configOf().columns
  const columns = [{ ...story, prompt: 'Tell a story of 40 characters and no more.' }]
  const expected = async (model: object, more: object = {}) => {
    const provider = { name: 'remote', provider_type: 'openai', endpoint: 'http://127.0.0.1:9' }
    const config = {
      ...configOf({ columns, rows: 100, ...more }),
      model_providers: [provider],
      model_configs: [{ alias: 'writer', inference_parameters, ...model }],
    }
    const { forecast: found } = await forecast({ config: { config }, out: desk.path('none') })
    return found
  }
  const cheap = { provider: 'remote', model: 'small' }
  const dear = { provider: 'remote', model: 'large' }
  const both = { small: { input: 1, output: 4 }, large: { input: 9, output: 40 } }
  const alone = await expected(cheap)
  const sent = alone.inputTokens.expected
  expect(alone.cost?.expected).toBeCloseTo(sent / 1e6, 12)
  const pool = await expected({ pool: [cheap, { ...dear, weight: 3 }] }, { prices: both })
  expect(pool.cost?.expected).toBeCloseTo((sent * (1 + 3 * 9)) / 4 / 1e6, 12)
  // At most: the dearer of the two.
  expect(pool.most).toEqual({ outputTokens: 20_000, cost: expect.closeTo(0.8, 12) as number })
  const half = await expected({ pool: [cheap, dear] })
  expect(half.unknown).toEqual(['writer (large)'])

  const batched = await expected({ ...cheap, mode: 'batch' })
  expect(batched.cost?.expected).toBeCloseTo(sent / 2e6, 12)
  expect(batched.most?.cost).toBeCloseTo(0.04, 12)
  expect([batched.batched, batched.seconds]).toEqual([['writer'], null])
  expect(forecastTexts(batched).join(' ')).toContain('Requests of writer go in batches')
  const own = await expected(
    { ...cheap, mode: 'batch' },
    { prices: { small: { input: 1, output: 4, batch: 0.8 } } },
  )
  expect(own.cost?.expected).toBeCloseTo((0.8 * sent) / 1e6, 12)
})

test('a preview asks at once and foresees the price of batches; answers from the cache are no sample', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const previewed = async (rows: number, mode: string) => {
    const config = configOf({
      rows: 1_000,
      columns: configOf().columns.slice(0, 2),
      model_providers: [{ name: 'inside', provider_type: 'openai', endpoint: server.url }],
      model_configs: [{ alias: 'writer', provider: 'inside', model: 'small', mode }],
    })
    return preview({ config: { config }, rows, cache: desk.path('cache') })
  }
  const first = await previewed(4, 'batch')
  expect(first.result.requests).toBe(4)
  expect(first.forecast?.cost?.expected).toBeCloseTo(
    (first.result.usage.cost ?? 0) * (1_000 / 4) * 0.5,
    10,
  )
  expect(first.forecast).toMatchObject({ batched: ['writer'], seconds: null })
  const second = await previewed(10, 'realtime')
  expect(second.result).toMatchObject({ requests: 6, cached: 4 })
  expect(second.forecast).toMatchObject({
    sampleRows: 6,
    batched: [],
    requests: { expected: 1_000 },
    cost: { expected: expect.closeTo((second.result.usage.cost ?? 0) * (1_000 / 6), 10) as number },
  })
})

test('an edit is estimated by what it makes, and nothing is changed by asking', async () => {
  await using desk = await createDesk()
  const out = desk.path('run')
  const config = configOf({ rows: 40 })
  const first = await create(options(config, { out }))
  // Whoever reads a ledger may leave what SQLite has next to it.
  const names = async (): Promise<string[]> =>
    (await readdir(out)).filter((name) => !/-(?:wal|shm)$/.test(name))
  const before = await names()
  const same = await forecast(options(config, { out }))
  expect(same.forecast).toMatchObject({ rows: 0, requests: { expected: 0 }, columns: [] })
  expect(forecastTexts(same.forecast)).toEqual(['No model request is needed.'])

  const [number, story, mood] = config.columns
  const edited = { ...config, columns: [number, story, { ...mood, prompt: 'Sad? {{ story }}' }] }
  const change = await forecast(options(edited, { out }))
  expect(change.plan?.columns.find(({ name }) => name === 'mood')).toMatchObject({
    change: 'changed',
    cells: first.rows.accepted,
  })
  // Of the story nothing is made again; of the changed column only its prompts are known.
  expect(change.forecast).toMatchObject({
    basis: 'prompts',
    withoutAnswers: ['mood'],
    requests: { expected: first.rows.accepted },
    columns: [{ column: 'mood', cells: first.rows.accepted }],
  })
  const retried = await forecast(options(config, { out, retryFailed: true }))
  expect(retried.forecast.columns.map(({ column, cells }) => [column, cells])).toEqual([
    ['story', first.rows.dropped],
    ['mood', first.rows.dropped],
  ])
  expect(await names()).toEqual(before)
  const again = await create(options(config, { out }))
  expect([again.requests, again.rows]).toEqual([first.requests, first.rows])
})

test('the command says what is known: of prompts alone, and of a preview before it', async () => {
  await using desk = await createDesk()
  const [, story] = configOf().columns
  const plugin = `
    import { definePlugin } from 'rowsmith/plugin'
    import { scriptedProvider } from 'rowsmith/testing'
    export default definePlugin({ name: 'inside', version: '1', providers: [
      scriptedProvider(({ number }) => ({ text: 'x', usage: { inputTokens: 10, outputTokens: 100 + number } })),
    ] })`
  await linkLibrary(desk.directory)
  await desk.write('package.json', { type: 'module' })
  await writeFile(desk.path('inside.js'), plugin)
  const bounded = { alias: 'writer', provider: 'inside', model: 'small' }
  const config = {
    plugins: ['./inside.js'],
    ...configOf({
      prices: {},
      columns: [{ ...story, prompt: 'Tell me a story.' }],
      model_configs: [{ ...bounded, inference_parameters: { max_tokens: 300 } }],
    }),
  }
  await desk.write('tales.json', config)
  const dry = ['create', 'tales.json', '-n', '2000', '--dry-run']
  const blind = await desk.run(dry)
  expect([blind.code, blind.stderr]).toEqual([0, ''])
  expect(blind.stdout.split('\n')).toEqual([
    'New run in runs/tales: 2,000 rows.',
    '2,000 rows: ~2,000 requests, ~8.00 k tokens (by prompts of 5 rows).',
    '  Without the answers of story: at most 600 k tokens more.',
    '  The cost is unknown: no price of writer (small) is known. Add prices to the config.',
    '',
  ])
  const shown = await desk.run(['preview', 'tales.json', '-n', '4'])
  expect(shown.stderr).toMatch(/1,000 rows: ~1,000 requests, 110–1\d\d k tokens/)
  const told = await desk.run([...dry, '--json'])
  expect(jsonOf(told)).toMatchObject({
    exists: false,
    rows: 2000,
    forecast: {
      basis: 'rows',
      sampleRows: 4,
      requests: { expected: 2000, low: 2000, high: 2000 },
      outputTokens: { expected: 203_000 },
      cost: null,
      unknown: ['writer (small)'],
    },
  })
  expect((await readdir(desk.directory)).includes('runs')).toBe(false)
})
