import { expect, test } from 'vitest'
import { type CellUsage, create, type Dataset, open, type RunEvent, start } from '../src/index.ts'
import { noUsage } from '../src/graph/request.ts'
import { costByConfig, isPublic, loadPriceList } from '../src/models/cost-of.ts'
import { scriptedProvider } from '../src/testing/index.ts'
import { createDesk, jsonOf } from './e2e/command.ts'
import { createModelServer } from '../src/testing/model-server.ts'

/** Every request costs 0.001 dollars: 500 tokens sent at 1, 250 answered at 2 a million. */
const prices = { small: { input: 1, output: 2 } }
const usage = { inputTokens: 500, outputTokens: 250 }
const each = 0.001

function configOf(further: object = {}) {
  return {
    model_providers: [{ name: 'inside', provider_type: 'scripted', endpoint: '' }],
    model_configs: [
      {
        alias: 'writer',
        provider: 'inside',
        model: 'small',
        inference_parameters: { max_tokens: 400, max_parallel_requests: 8 },
      },
    ],
    columns: [
      { name: 'text', column_type: 'llm-text', model_alias: 'writer', prompt: 'Say something.' },
    ],
    prices,
    ...further,
  }
}

function scripted() {
  return scriptedProvider(() => ({ text: 'something', usage }))
}

test('a run costs what its prices say, over all sessions, and by column and model', async () => {
  await using desk = await createDesk()
  const kind = scripted()
  const options = { out: desk.path('run'), plugins: [{ name: 'inside', providers: [kind] }] }
  const config = { config: configOf() }
  await using first = await start({ ...options, config, rows: 10 })
  expect((await first.finished).usage.cost).toBeCloseTo(10 * each, 10)
  await using second = await start({ ...options, config, rows: 25 })
  const { usage: all, usageByRoute, usageByColumn } = await second.finished
  expect(all.cost).toBeCloseTo(25 * each, 10)
  expect(usageByRoute[0]?.cost).toBeCloseTo(25 * each, 10)
  expect(usageByColumn).toMatchObject([{ column: 'text', requests: 25, answers: 25 }])
  expect(usageByColumn[0]?.cost).toBeCloseTo(25 * each, 10)
  await using made = await open(desk.path('run'))
  expect((await made.summary()).usage.cost).toBeCloseTo(25 * each, 10)
  const ofEach = Array.from({ length: 25 }, () => ({ requests: 1, answers: 1, cost: each }))
  expect(await cellsOf(made, 25)).toEqual(ofEach)
  const stored = JSON.parse(await desk.read('run/run.json')) as typeof all & { usage: typeof all }
  expect(stored.usage.cost).toBeCloseTo(25 * each, 10)
  expect(await desk.read('run/report.html')).toContain('$0.025')
  const shown = await desk.run(['show', 'run'])
  expect(shown.stdout).toContain('12.5 k tokens in, 6.25 k out, $0.025')
})

/** What the text of each row cost. */
async function cellsOf(dataset: Dataset, rows: number): Promise<object[]> {
  const found = []
  for (let row = 0; row < rows; row += 1) {
    const { cells, usage: ofRow } = await dataset.row(row)
    const ofCell = cells.find(({ column }) => column === 'text')?.usage
    expect(ofRow).toEqual(ofCell)
    found.push({ requests: ofRow.requests, answers: ofRow.answers, cost: ofRow.cost })
  }
  return found
}

test('a cell costs what all of its requests cost: those that failed, and those of a later session', async () => {
  await using desk = await createDesk()
  let isWrong = true
  // Every third answer is not JSON; every fifth request fails at first.
  const kind = scriptedProvider(({ prompt, repetition }) => {
    const number = Number(/\d+/.exec(prompt)?.[0])
    if (number % 5 === 0 && repetition === 0) return { status: 500 }
    return { text: number % 3 === 0 && isWrong ? 'what?' : '{"mood":"good"}', usage }
  })
  const numbers = { values: Array.from({ length: 60 }, (_, at) => at) }
  const columns = [
    { name: 'n', column_type: 'sampler', sampler_type: 'category', params: numbers },
    {
      name: 'text',
      column_type: 'llm-structured',
      model_alias: 'writer',
      prompt: 'Say {{ n }}.',
      output_format: { type: 'object', properties: { mood: { type: 'string' } } },
    },
  ]
  const options = {
    config: { config: configOf({ columns }) },
    out: desk.path('run'),
    rows: 24,
    seed: 4n,
    runConfig: {
      disable_early_shutdown: true,
      max_conversation_restarts: 0,
      max_conversation_correction_steps: 0,
    },
    plugins: [{ name: 'inside', providers: [kind] }],
  }
  const first = await create(options)
  expect(first.rows.dropped).toBeGreaterThan(2)
  await using dataset = await open(options.out)
  const sum = async (of: (cell: CellUsage) => number): Promise<number> => {
    let total = 0
    for (let row = 0; row < 24; row += 1) total += of((await dataset.row(row)).usage)
    return total
  }
  const costs = (cell: CellUsage): number => cell.cost ?? 0
  expect(await sum(({ requests }) => requests)).toBe(first.requests)
  expect(await sum(costs)).toBeCloseTo(first.usage.cost ?? 0, 12)
  const failed = [...dataset.failures()]
  const inVain = failed.reduce((total, cell) => total + (cell.usage?.cost ?? 0), 0)
  expect(inVain).toBeCloseTo(first.rows.dropped * each, 12)
  const listed = await desk.run(['failures', 'run', '--json'])
  expect(jsonOf(listed)).toMatchObject({
    groups: [{ cells: first.rows.dropped, usage: { cost: expect.closeTo(inVain, 12) as number } }],
  })

  isWrong = false
  const again = await create({ ...options, retryFailed: true })
  expect(again.rows).toMatchObject({ dropped: 0, accepted: 24 })
  expect(again.usage.cost).toBeCloseTo((24 + first.rows.dropped) * each, 12)
  expect(await sum(costs)).toBeCloseTo(again.usage.cost ?? 0, 12)
  expect(await sum(({ requests }) => requests)).toBe(again.requests)
  // Paid twice, once in vain.
  const twice = failed[0]?.row ?? 0
  expect((await dataset.row(twice)).cells[1]?.usage?.cost).toBeCloseTo(2 * each, 12)
  const shown = await desk.run(['row', 'run', String(twice)])
  expect(shown.stdout).toMatch(/took [23] requests, 1.00 k tokens in, 500 out, cost \$0.002/)
  const story = jsonOf(await desk.run(['row', 'run', String(twice), '--json']))
  expect(story).toMatchObject({
    usage: { outputTokens: 500 },
    cells: [{}, { usage: { answers: 2 } }],
  })
})

test('max_cost ends a run at no more than its value; a higher one goes on and pays nothing again', async () => {
  await using desk = await createDesk()
  const kind = scripted()
  const options = {
    config: { config: configOf() },
    out: desk.path('run'),
    rows: 100,
    plugins: [{ name: 'inside', providers: [kind] }],
  }
  await using first = await start({ ...options, maxCost: 0.05 })
  const ended = await first.finished
  expect(ended.end).toMatchObject({ kind: 'stopped', reason: expect.stringContaining('max_cost') })
  expect(ended.usage.cost ?? 1).toBeLessThanOrEqual(0.05 + 1e-9)
  // What is left is less than a request can cost at most: 400 tokens of answer and those it sends.
  expect(ended.usage.cost ?? 0).toBeGreaterThan(0.047)
  expect(kind.calls).toHaveLength(ended.requests)

  await using again = await start({ ...options, maxCost: 0.05 })
  expect((await again.finished).usage.cost ?? 1).toBeLessThanOrEqual(0.05 + 1e-9)

  await using second = await start({ ...options, maxCost: 0.2 })
  const complete = await second.finished
  expect(complete.end).toEqual({ kind: 'complete' })
  expect(complete.usage.cost).toBeCloseTo(100 * each, 10)
  expect(kind.calls).toHaveLength(100)
})

test('attempts that fail before an answer cost nothing of what a run may cost', async () => {
  await using desk = await createDesk()
  const kind = scriptedProvider(({ number }) =>
    number % 2 === 0 ? { status: 500 } : { text: 'something', usage },
  )
  await using run = await start({
    config: { config: configOf() },
    out: desk.path('run'),
    rows: 6,
    // Of six answers, and of the most that one more may cost.
    maxCost: 0.0085,
    plugins: [{ name: 'inside', providers: [kind] }],
  })
  const { end, usage: all } = await run.finished
  expect(end).toEqual({ kind: 'complete' })
  expect(all.cost).toBeCloseTo(6 * each, 10)
  expect(kind.calls.length).toBeGreaterThan(8)
})

test('a pool of dear and cheap models with second requests ends at no more than max_cost', async () => {
  await using desk = await createDesk()
  // One answer in 15 takes much longer.
  const kind = scriptedProvider(({ number }) => ({
    text: 'something',
    usage,
    delayMs: number % 15 === 14 ? 150 : 2,
  }))
  const pool = [
    { provider: 'inside', model: 'small' },
    { provider: 'other', model: 'large', weight: 2 },
  ]
  const parameters = { max_tokens: 400, max_parallel_requests: 8 }
  const config = configOf({
    model_providers: ['inside', 'other'].map((name) => ({
      name,
      provider_type: 'scripted',
      endpoint: '',
    })),
    model_configs: [{ alias: 'writer', pool, hedge: 'p90', inference_parameters: parameters }],
    prices: { ...prices, large: { input: 10, output: 20 } },
  })
  const options = {
    config: { config },
    out: desk.path('run'),
    rows: 400,
    plugins: [{ name: 'inside', providers: [kind] }],
  }
  for (const maxCost of [0.5, 0.9]) {
    await using run = await start({ ...options, maxCost })
    const { end, usage: all, usageByRoute, requestOutcomes } = await run.finished
    expect(end.kind).toBe('stopped')
    expect(all.cost ?? 1).toBeLessThanOrEqual(maxCost + 1e-9)
    expect(all.cost ?? 0).toBeGreaterThan(maxCost * 0.6)
    expect(requestOutcomes.givenUp).toBeGreaterThan(0)
    // Each place at its own price.
    const [cheap, dear] = (usageByRoute[0]?.choices ?? [])
      .map(({ ok, cost }) => (cost ?? 0) / ok)
      .toSorted((one, other) => one - other)
    expect(cheap).toBeCloseTo(each, 10)
    expect(dear).toBeCloseTo(10 * each, 10)
  }
})

test('answers of unknown cost count with what they may cost at most, in later sessions too', async () => {
  await using desk = await createDesk()
  const silent = scriptedProvider(() => ({
    text: 'something',
    usage: { inputTokens: 0, outputTokens: 0 },
  }))
  const options = {
    config: { config: configOf() },
    out: desk.path('run'),
    rows: 100,
    maxCost: 0.01,
    plugins: [{ name: 'inside', providers: [silent] }],
  }
  const first = await create(options)
  expect(first).toMatchObject({ end: { kind: 'stopped' }, usage: { cost: null } })
  // 400 tokens of answer at $2 a million, and those that are sent.
  const asked = silent.calls.length
  expect(asked).toBeGreaterThan(9)
  expect(asked).toBeLessThanOrEqual(12)
  expect((await create(options)).end.kind).toBe('stopped')
  expect(silent.calls).toHaveLength(asked)
})

test('a run that continues knows how large requests were', async () => {
  await using desk = await createDesk()
  const long = scriptedProvider(() => ({
    text: 'something',
    usage: { inputTokens: 500, outputTokens: 10_000 },
  }))
  const model = { alias: 'writer', provider: 'inside', model: 'small' }
  const options = {
    config: { config: configOf({ model_configs: [model] }) },
    out: desk.path('run'),
    plugins: [{ name: 'inside', providers: [long] }],
  }
  await using first = await start({ ...options, rows: 1 })
  expect((await first.finished).usage.cost).toBeCloseTo(0.0205, 10)
  // Another one costs 0.0205 again; twice the longest answer, which counts until it is there, costs 0.0405.
  await using second = await start({ ...options, rows: 2, maxCost: 0.06 })
  expect((await second.finished).end.kind).toBe('stopped')
  expect(long.calls).toHaveLength(1)
  await using third = await start({ ...options, rows: 2, maxCost: 0.0611 })
  expect((await third.finished).end).toEqual({ kind: 'complete' })
})

test('summaries of judgements are paid like cells, and stay below the limit', async () => {
  await using desk = await createDesk()
  const kind = scriptedProvider(({ prompt }) => ({
    text: prompt.startsWith('A judge scored')
      ? 'It likes what is good.'
      : '{"tone":{"reasoning":"so","score":2}}',
    usage,
  }))
  const judge = {
    name: 'verdict',
    column_type: 'llm-judge',
    model_alias: 'writer',
    prompt: 'Judge this.',
    scores: [{ name: 'tone', description: 'Is it kind?', options: { 1: 'no', 2: 'yes' } }],
  }
  const profilers = [{ model_alias: 'writer', summary_score_sample_size: 3 }]
  const options = {
    config: { config: configOf({ columns: [judge], profilers }) },
    out: desk.path('run'),
    rows: 4,
    plugins: [{ name: 'inside', providers: [kind] }],
  }
  const warnings: string[] = []
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'warning') warnings.push(event.problem.message)
  }
  // A summary sets aside at least 400 tokens of answer and those it sends.
  await using short = await start({ ...options, maxCost: 4 * each + 0.0009, onEvent })
  const dataset = await short.finished
  expect(dataset.end).toEqual({ kind: 'complete' })
  expect(dataset.usage.cost).toBeCloseTo(4 * each, 10)
  expect(warnings.join()).toContain('(max_cost)')
  await using enough = await start({ ...options, maxCost: 1 })
  const { judges, usage: all } = await enough.finished
  expect(judges[0]?.summaries[0]?.text).toBe('It likes what is good.')
  expect(all.cost).toBeCloseTo(5 * each, 10)
})

test('a limit needs a price for every model', async () => {
  await using desk = await createDesk()
  const plugins = [{ name: 'inside', providers: [scripted()] }]
  const config = { config: configOf({ prices: {} }) }
  await expect(
    start({ config, out: desk.path('run'), rows: 1, maxCost: 1, plugins }),
  ).rejects.toThrow('max_cost needs prices, and writer (small) has none')
})

test('prices of the installed list, of a config and of no one', async () => {
  const list = await loadPriceList()
  const openai = 'https://api.openai.com/v1'
  const counted = { ...noUsage, inputTokens: 1_000_000, outputTokens: 1_000_000 }
  expect(list.of({ model: 'gpt-4.1-mini', endpoint: openai })?.(counted)).toBeGreaterThan(0.1)
  expect(list.of({ model: 'nobody-knows-it', endpoint: openai })).toBeNull()
  const own = costByConfig({ input: 2, output: 10, cached_input: 0.5, batch: 0.5, image: null })
  expect(own({ ...counted, cachedInputTokens: 400_000 })).toBeCloseTo(0.6 * 2 + 0.4 * 0.5 + 10, 10)
  expect(own(noUsage)).toBeNull()
  expect(own({ ...noUsage, images: 1 })).toBeNull()
  expect(
    costByConfig({ input: 0, output: 0, cached_input: null, batch: 0.5, image: 0.04 })({
      ...noUsage,
      images: 2,
    }),
  ).toBeCloseTo(0.08)
  expect(
    [openai, 'http://127.0.0.1:8000/v1', 'http://gpu-box:8000', 'local'].map(isPublic),
  ).toEqual([true, false, false, false])
})

test('the command says what a run costs and stops with exit 4 at its limit', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const config = configOf({
    model_providers: [{ name: 'inside', endpoint: `${server.url}/v1` }],
    prices: { writer: { input: 100_000, output: 100_000 } },
  })
  await desk.write('run.json', config)
  const words = ['create', 'run.json', '-n', '40', '--out', 'run']
  const stopped = await desk.run([...words, '--max-cost', '100'])
  expect(stopped.code).toBe(4)
  expect(stopped.stderr).toContain('(max_cost)')
  const done = await desk.run([...words, '--json'])
  expect(done.code).toBe(0)
  const { cost } = jsonOf(done) as { cost: { total: number; currency: string; unknown: string[] } }
  expect(cost).toEqual({ total: expect.any(Number) as number, currency: 'USD', unknown: [] })
  expect(cost.total).toBeGreaterThan(0)
  const shown = await desk.run(['show', 'run'])
  expect(shown.stdout).toMatch(/tokens in, .* out, \$\d/)
  expect((await desk.run([...words, '--max-cost', 'much'])).stderr).toContain('dollars above 0')
})
