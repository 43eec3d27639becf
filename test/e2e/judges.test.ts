import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { judgementLines } from '../../src/cli/judgement-lines.ts'
import { type Agreement, create, open, preview, type RunEvent, validate } from '../../src/index.ts'
import { createModelServer, type ServerCall } from '../../src/testing/model-server.ts'
import { createDesk, type Desk } from './command.ts'

/** Four coders, twelve units: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), C. */
const units = `a,b,c,d
1,1,,1
2,2,3,2
3,3,3,3
3,3,3,3
2,2,2,2
1,2,3,4
4,4,4,4
1,1,2,1
2,2,2,2
,5,5,5
,,1,1
,3,,
`
const coders = ['a', 'b', 'c', 'd']
const published = { nominal: 0.743, ordinal: 0.815, interval: 0.849 }
const levels = ['nominal', 'ordinal', 'interval'] as const

const rating = {
  name: 'Rating',
  description: 'How good it is.',
  options: { 1: 'bad', 2: 'poor', 3: 'fair', 4: 'good', 5: 'best' },
}

function configAt(url: string, seed: string, more: object = {}) {
  return {
    seed: 3,
    model_providers: [{ name: 'local', endpoint: url }],
    model_configs: ['judge', 'writer'].map((alias) => ({
      alias,
      model: alias,
      provider: 'local',
      skip_health_check: true,
      inference_parameters: { max_parallel_requests: 2 },
    })),
    seed_config: { source: { seed_type: 'local', path: seed } },
    columns: coders.map((coder) => ({
      name: `judge_${coder}`,
      column_type: 'llm-judge',
      model_alias: 'judge',
      prompt: `Rate: {{ ${coder} }}`,
      skip: { when: `{{ ${coder} is none }}` },
      scores: [rating],
    })),
    agreement: levels.flatMap((level) => [
      { columns: coders.map((coder) => `judge_${coder}`), score: 'Rating', level },
      { columns: coders, level },
    ]),
    ...more,
  }
}

/** Rates as the prompt says, and sums up. */
function answerTo({ text }: ServerCall): string {
  const [, score] = /Rate: (\d)/.exec(text) ?? []
  if (score === undefined) return 'They like what is good.'
  return JSON.stringify({ Rating: { reasoning: `It is a ${score}.`, score } })
}

async function seedAt(desk: Desk): Promise<string> {
  const path = desk.path('units.csv')
  await writeFile(path, units)
  return path
}

const runConfig = { buffer_size: 4, part_rows: 4 }

function alphas(agreement: readonly Agreement[]): unknown[] {
  return agreement.map(({ level, alpha }) => [level, Number(alpha?.toFixed(3))])
}

test('judges agree as published, in a run that was interrupted, too, and in all reports', async () => {
  await using desk = await createDesk()
  const seed = await seedAt(desk)
  let requests = 0
  let stop: AbortController | null = null
  await using server = await createModelServer({
    script(call) {
      requests += 1
      if (requests === 17) stop?.abort()
      return { text: answerTo(call) }
    },
  })
  const config = { config: configAt(server.url, seed) }
  const whole = await create({ config, rows: 12, runConfig, out: desk.path('whole') })
  const expected = levels.flatMap((level) => [
    [level, published[level]],
    [level, published[level]],
  ])
  expect(alphas(whole.agreement)).toEqual(expected)
  expect(whole.agreement[0]).toMatchObject({ units: 11, values: 40, reason: null })
  expect(whole.agreement[0]?.pairs[0]).toMatchObject({
    columns: ['judge_a', 'judge_b'],
    units: 9,
    same: 8,
  })
  expect(whole.judges[0]).toEqual({
    column: 'judge_a',
    score: 'Rating',
    given: [3, 3, 2, 1, 0].map((count, at) => ({ option: String(at + 1), count })),
    summaries: [],
  })

  requests = 0
  stop = new AbortController()
  const out = desk.path('parted')
  const half = await create({ config, rows: 12, runConfig, out, signal: stop.signal })
  expect(half.rows.remaining).toBeGreaterThan(0)
  expect(half.agreement[0]?.units).toBe(half.rows.accepted)
  const parted = await create({ config, rows: 12, runConfig, out })
  expect([parted.agreement, parted.judges]).toEqual([whole.agreement, whole.judges])

  await using dataset = await open(out)
  const report = await dataset.report()
  expect(report.agreement).toEqual(whole.agreement)
  const lines = judgementLines(report, { style: (_, text) => text, width: 100 }).join('\n')
  expect(lines).toContain('judge_a, Rating: 1 33 %, 2 33 %, 3 22 %, 4 11 %, 5 0 %')
  expect(lines).toContain(
    'Rating by judge_a, judge_b, judge_c, judge_d: alpha 0.743 (nominal), 40 scores of 11 records',
  )
  expect(lines).toContain('judge_a, judge_b: alpha 0.852, the same in 89 % of 9 records')
  const page = await readFile(parted.report ?? '', 'utf8')
  expect(page).toContain('0.849')
  const told = JSON.parse(await readFile(desk.path('parted/run.json'), 'utf8'))
  expect(told.agreement).toEqual(whole.agreement)

  // Another question about the same judgements asks no one.
  requests = 0
  const asked = [{ columns: ['judge_b', 'judge_a'] }, { columns: ['judge_a', 'c'] }]
  const other = { config: configAt(server.url, seed, { agreement: asked }) }
  const again = await create({ config: other, rows: 8, shrink: true, runConfig, out })
  expect(requests).toBe(0)
  expect(again.agreement.map(({ level, units: both }) => [level, both])).toEqual([
    ['ordinal', 8],
    ['ordinal', 7],
  ])
})

test('summaries of judgements are asked for once, and take nothing from the run', async () => {
  await using desk = await createDesk()
  const seed = await seedAt(desk)
  const summaries: string[] = []
  let refuses = true
  let stop: AbortController | null = null
  await using server = await createModelServer({
    script(call) {
      const { model, messages } = JSON.parse(call.text)
      if (model !== 'writer') return { text: answerTo(call) }
      summaries.push(JSON.stringify(messages))
      if (summaries.length === 6) stop?.abort()
      return refuses ? { status: 400, error: 'no opinion' } : { text: answerTo(call) }
    },
  })
  const profilers = [{ model_alias: 'writer', summary_score_sample_size: 3 }]
  const config = { config: configAt(server.url, seed, { agreement: null, profilers }) }
  const out = desk.path('run')
  const events: RunEvent[] = []
  const onEvent = (event: RunEvent): void => void events.push(event)
  const first = await create({ config, rows: 12, runConfig, out, onEvent })
  expect(first.end).toEqual({ kind: 'complete' })
  expect(summaries).toHaveLength(4)
  expect(summaries[0]).toContain('A judge scored the records of a dataset for \\"Rating\\"')
  expect(summaries[0]).toContain('1: 3, 2: 3, 3: 2, 4: 1, 5: 0')
  expect(summaries[0]?.match(/It is a \d/g)).toHaveLength(3)
  const failed = events.filter((event) => event.type === 'warning')
  expect(failed.map(({ problem }) => problem.code)).toEqual(Array(4).fill('summary-failed'))
  expect(first.judges[0]?.summaries).toMatchObject([{ by: 'writer', text: null }])
  expect(first.judges[0]?.summaries[0]?.failure).toContain('no opinion')

  refuses = false
  // Two are asked for at once: what was on its way when the run was stopped is kept.
  stop = new AbortController()
  const parted = await create({ config, rows: 12, runConfig, out, signal: stop.signal })
  expect(parted.end).toEqual({ kind: 'complete' })
  const had = parted.judges.filter((judge) => judge.summaries[0]?.text !== null)
  expect(summaries.length).toBe(4 + had.length)
  expect(had.length).toBeLessThan(4)
  const second = await create({ config, rows: 12, runConfig, out })
  expect(summaries).toHaveLength(8)
  expect(second.judges.map((judge) => judge.summaries[0]?.text)).toEqual(
    Array(4).fill('They like what is good.'),
  )
  const third = await create({ config, rows: 12, runConfig, out })
  expect(summaries).toHaveLength(8)
  expect(third.judges).toEqual(second.judges)
  await using dataset = await open(out)
  const { usageByRoute } = await dataset.summary()
  expect(usageByRoute.find(({ route }) => route === 'writer')).toMatchObject({ ok: 4, failed: 4 })

  await preview({ config, rows: 2 })
  expect(summaries).toHaveLength(8)
  const without = { config: configAt(server.url, seed, { agreement: null }) }
  const last = await create({ config: without, rows: 12, runConfig, out })
  expect(last.judges[0]?.summaries).toEqual([])
})

test('what can not be compared is refused with its place', async () => {
  await using desk = await createDesk()
  const seed = await seedAt(desk)
  const config = configAt('http://127.0.0.1:9/v1', seed)
  const [first, second, ...others] = config.columns
  const worse = { ...rating, options: { low: 'bad', high: 'good' } }
  const columns = [
    first,
    { ...second, scores: [worse] },
    { ...first, name: 'judge_e', scores: [worse] },
    { ...first, name: 'judge_f', scores: [{ ...rating, name: 'Tone' }] },
    ...others,
  ]
  const agreement = [
    { columns: ['judge_a', 'jugde_b'] },
    { columns: ['judge_a', 'judge_b'] },
    { columns: ['judge_b', 'judge_e'], level: 'interval' },
    { columns: ['judge_a', 'judge_f'] },
    { columns: ['judge_a', 'judge_c'], score: 'Ratng' },
    { columns: ['judge_b', 'judge_e'], level: 'ordinal' },
  ]
  const { problems } = await validate({
    config: {
      config: {
        ...config,
        columns,
        agreement,
        profilers: [{ model_alias: 'wrter' }],
      },
    },
  })
  expect(problems.map(({ code, path, suggestion }) => [path.join('.'), code, suggestion])).toEqual([
    ['profilers.0.model_alias', 'unknown-model', "Did you mean 'writer'?"],
    ['agreement.0.columns.1', 'unknown-reference', "Did you mean 'judge_b'?"],
    ['agreement.1.columns', 'different-options', expect.anything()],
    ['agreement.2.level', 'no-interval', undefined],
    ['agreement.3.columns', 'no-scores', undefined],
    ['agreement.4.score', 'no-scores', "Did you mean 'Rating'?"],
  ])
})
