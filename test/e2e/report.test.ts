import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { create, open, type ColumnStatistics, type DatasetReport } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { stories } from './configs.ts'

/** Every type, skips with and without a value, failures that drop and that leave a null. */
const goods = {
  columns: [
    {
      name: 'id',
      column_type: 'sampler',
      sampler_type: 'uuid',
      params: {},
    },
    {
      name: 'good',
      column_type: 'sampler',
      sampler_type: 'category',
      params: { values: ['kettle', 'lamp', 'jacket'], weights: [5, 3, 2] },
    },
    {
      name: 'part',
      column_type: 'sampler',
      sampler_type: 'subcategory',
      params: {
        category: 'good',
        values: { kettle: ['lid', 'spout'], lamp: ['bulb'], jacket: ['zip'] },
      },
    },
    {
      name: 'stars',
      column_type: 'sampler',
      sampler_type: 'uniform',
      params: { low: 1, high: 5 },
      convert_to: 'int',
    },
    {
      name: 'price',
      column_type: 'sampler',
      sampler_type: 'gaussian',
      params: { mean: 40, stddev: 8, decimal_places: 2 },
    },
    {
      name: 'sold',
      column_type: 'sampler',
      sampler_type: 'datetime',
      params: { start: '2025-01-01', end: '2025-07-01', unit: 'h' },
    },
    {
      name: 'praise',
      column_type: 'expression',
      expr: 'A {{ good }} for {{ price }}!',
      skip: { when: '{{ stars < 3 }}' },
    },
    {
      name: 'label',
      column_type: 'expression',
      expr: '{{ good | upper }}',
      skip: { when: '{{ stars == 5 }}', value: 'BEST' },
    },
    {
      name: 'risky',
      column_type: 'expression',
      dtype: 'int',
      on_failure: 'null',
      expr: "{{ 'x' if part == 'zip' else 3 }}",
    },
    {
      name: 'strict',
      column_type: 'expression',
      dtype: 'int',
      expr: "{{ 'x' if part == 'spout' else 4 }}",
    },
  ],
}

const config = { config: goods, name: 'goods' }
const rows = 10_000

function columnOf(report: Pick<DatasetReport, 'columns'>, name: string): ColumnStatistics {
  const column = report.columns.find((one) => one.name === name)
  if (column === undefined) throw new Error(`no column ${name} in the report`)
  return column
}

/** Statistics as other programs read them. */
function plain(columns: unknown): unknown {
  return JSON.parse(JSON.stringify(columns))
}

test('the report says of every column what its records hold', async () => {
  await using desk = await createDesk()
  const result = await create({ config, rows, seed: 7n, out: desk.path('run') })
  await using dataset = await open(result.dir)
  const report = await dataset.report()

  const records: Record<string, unknown>[] = []
  for await (const record of dataset.records()) records.push(record)
  const { accepted, nullKept, dropped } = report.run.rows
  expect(accepted + nullKept).toBe(records.length)
  expect(dropped).toBeGreaterThan(2_000)
  expect(report.columns.map(({ name }) => name)).toEqual(goods.columns.map(({ name }) => name))

  for (const column of report.columns) {
    const values = records.map((record) => record[column.name])
    const present = values.filter((value) => value !== null)
    const counts = new Map<unknown, number>()
    for (const value of present) counts.set(value, (counts.get(value) ?? 0) + 1)
    expect(column.cells, column.name).toBe(values.length)
    expect(column.nulls.count, column.name).toBe(values.length - present.length)
    expect(column.distinct, column.name).toEqual({ count: counts.size, exact: true })
    const listed = column.top?.complete === true ? column.top.values : null
    expect(
      listed === null || listed.every(({ value, count }) => (counts.get(value) ?? 0) === count),
    ).toBe(true)
    if (column.numbers === null) continue
    const numbers = present.map(Number)
    expect(column.numbers.min, column.name).toBe(Math.min(...numbers))
    expect(column.numbers.max, column.name).toBe(Math.max(...numbers))
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
    expect(column.numbers.mean, column.name).toBeCloseTo(mean, 8)
    const sorted = numbers.toSorted((one, other) => one - other)
    expect(column.numbers.quantiles.p50, column.name).toBeCloseTo(
      sorted[Math.floor(sorted.length / 2)] as number,
      0,
    )
  }

  expect(columnOf(report, 'id').distinct).toEqual({ count: records.length, exact: true })
  expect(columnOf(report, 'praise').nulls).toMatchObject({ failed: [], other: 0 })
  expect(columnOf(report, 'praise').nulls.skipped).toBe(columnOf(report, 'praise').nulls.count)
  expect(columnOf(report, 'label')).toMatchObject({ nulls: { count: 0 } })
  expect(columnOf(report, 'label').skipped).toBe(
    records.filter(({ label }) => label === 'BEST').length,
  )
  const failed = columnOf(report, 'risky').nulls
  expect(failed).toEqual({
    count: nullKept,
    skipped: 0,
    failed: [{ code: 'cast-failed', count: nullKept }],
    other: 0,
  })
  expect(columnOf(report, 'strict').rowsDropped).toEqual([{ code: 'cast-failed', count: dropped }])
})

test('what was drawn is compared with what the config declares', async () => {
  await using desk = await createDesk()
  // Without the column that drops rows: what it drops was drawn, too.
  const columns = goods.columns.filter(({ name }) => name !== 'strict')
  const result = await create({
    config: { config: { columns }, name: 'goods' },
    rows,
    seed: 7n,
    out: desk.path('run'),
  })

  const verdicts = (result.columns ?? []).map(({ name, fit }) => [name, fit?.verdict ?? null])
  expect(Object.fromEntries(verdicts)).toEqual({
    id: 'as-declared',
    good: 'as-declared',
    part: 'as-declared',
    stars: 'as-declared',
    price: 'as-declared',
    sold: 'as-declared',
    praise: null,
    label: null,
    risky: null,
  })
  const { top } = columnOf({ columns: result.columns ?? [] }, 'part')
  expect(new Map(top?.values.map(({ value, declared }) => [value, declared]))).toEqual(
    new Map([
      ['lid', 0.25],
      ['spout', 0.25],
      ['bulb', 0.3],
      ['zip', 0.2],
    ]),
  )
})

test('rows that were dropped show as a difference from what was declared', async () => {
  await using desk = await createDesk()
  const result = await create({ config, rows, seed: 7n, out: desk.path('run') })
  // A quarter of the rows have a spout, and all of them are dropped.
  const { fit } = columnOf({ columns: result.columns ?? [] }, 'part')
  expect(fit).toMatchObject({
    verdict: 'differs',
    gap: { at: 'spout', declared: 0.25, observed: 0 },
  })
})

test('a run that was interrupted, extended and shrunk has the report of one that was not', async () => {
  await using desk = await createDesk()
  const whole = await create({ config, rows, seed: 7n, out: desk.path('whole') })

  const out = desk.path('run')
  await create({ config, rows: 1_234, seed: 7n, out })
  const controller = new AbortController()
  let groups = 0
  const interrupted = await create({
    config,
    rows,
    out,
    runConfig: { buffer_size: 500 },
    signal: controller.signal,
    onEvent(event) {
      if (event.type === 'row-group-opened') groups += 1
      if (groups === 10) controller.abort()
    },
  })
  expect(interrupted).toMatchObject({ end: { kind: 'interrupted' } })
  const resumed = await create({ config, rows, out })
  expect(plain(resumed.columns)).toEqual(plain(whole.columns))

  const small = await create({ config, rows: 4_000, seed: 7n, out: desk.path('small') })
  const shrunk = await create({ config, rows: 4_000, out, shrink: true })
  // What was skipped is known by whole parts only, and then said to be unknown.
  const withoutSkips = plain(
    (small.columns ?? []).map(({ nulls, skipped, ...column }) => {
      const isSkipped = goods.columns.some(({ name, skip }) => name === column.name && skip)
      const other = nulls.other + (nulls.skipped ?? 0)
      return isSkipped
        ? { ...column, skipped: null, nulls: { ...nulls, skipped: null, other } }
        : { ...column, skipped, nulls }
    }),
  )
  expect(plain(shrunk.columns)).toEqual(withoutSkips)
})

test('a run folder without statistics gets them from its parts', async () => {
  await using desk = await createDesk()
  const made = await create({ config, rows: 5_000, seed: 7n, out: desk.path('run') })
  using ledger = new DatabaseSync(join(made.dir, 'ledger.sqlite'))
  ledger.exec('DELETE FROM profile')

  await using dataset = await open(made.dir)
  const { columns } = await dataset.report()
  expect(plain(columns)).toEqual(plain(made.columns ?? []))
})

test('tokens are reported by what the model counted', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: () => ({
      text: 'x'.repeat(40),
      usage: { prompt_tokens: 5, completion_tokens: 10, total_tokens: 15 },
    }),
  })
  const result = await create({
    config: { config: stories({ url: server.url }) },
    rows: 20,
    out: desk.path('run'),
  })
  const { tokens } = columnOf({ columns: result.columns ?? [] }, 'story')
  expect(tokens).toEqual({ mean: 10, p50: 10, p95: 10, perCharacter: 0.25, countedBy: 'writer' })
})

test('the report is in run.json, on the page, and in the terminal', async () => {
  await using desk = await createDesk()
  await desk.write('goods.json', goods)

  const made = await desk.run(['create', 'goods.json', '-n', '500', '--seed', '7', '--json'])
  expect(made.code).toBe(3)
  const page = join('runs', 'goods', 'report.html')
  expect((JSON.parse(made.stdout) as { report: string }).report).toBe(desk.path(page))
  expect(made.stderr).toContain(`report.html`)
  expect(made.stderr).toMatch(/price {2,}sampler \(float64\), .*as declared/)
  const stored = JSON.parse(await desk.read(join('runs', 'goods', 'run.json'))) as DatasetReport
  expect(stored.columns.map(({ name }) => name)).toEqual(goods.columns.map(({ name }) => name))
  expect(await desk.read(page)).toContain('<h3>price</h3>')

  const shown = await desk.run(['report', join('runs', 'goods'), '--html', 'elsewhere.html'])
  expect(shown).toMatchObject({ code: 0, stderr: 'Report: elsewhere.html\n' })
  expect(desk.plain(shown.stdout)).toMatchInlineSnapshot(`
    "goods  500 rows: 279 accepted, 88 kept with a null, 133 dropped
      No requests
      Poor: 133 of 500 rows dropped because a cell failed. And 3 more findings.
        Fix the reason of the failures, then run create with --retry-failed.
        risky: 88 of 367 cells (24 %) are null because they failed: cast-failed. Fix the reason of the failures, then run create with --retry-failed.
        good: differs from category of 3 values: 38 % at kettle, declared 50 %. Samplers draw what the config declares: look for rows that failures or filters remove.
        part: differs from subcategory of good: 0 % at spout, declared 25 %. Samplers draw what the config declares: look for rows that failures or filters remove.
      strict, cast-failed: 133 cells failed, their rows are dropped
        row 1: expected a finite number for dtype int, got "x"
      risky, cast-failed: 88 cells failed and are null
        row 6: expected a finite number for dtype int, got "x"

      id      sampler (string), all different, as declared
              32 characters each
      good    sampler (string), 3 different
              kettle 38 %, lamp 38 %, jacket 24 %
              differs from category of 3 values: 38 % at kettle, declared 50 % (133 dropped rows not counted)
      part    sampler (string), 3 different
              lid 38 %, bulb 38 %, zip 24 %, spout 0 %
              differs from subcategory of good: 0 % at spout, declared 25 % (133 dropped rows not counted)
      stars   sampler (int64), 5 different, as declared
              4 26 %, 3 24 %, 2 24 %, 1 13 %, 5 13 %
      price   sampler (float64), 341 different, as declared
              ▁▂▄▇███▅▃▂▂▁  19.77 … 39.708 … 63.42, mean 39.491 ± 8.0762
      sold    sampler (string), 352 different, as declared
              █████▇█▇▇█▇▇  2025-01-01 to 2025-06-30
      praise  expression (string), 228 different, 37 % null (137 skipped)
              ▁▁▁▅▁▁▁▁▁▁▁█  16 … 19 … 19 characters
      label   expression (string), 4 different
              LAMP 34 %, KETTLE 34 %, JACKET 20 %, BEST 13 %
      risky   expression (int64), 1 different, 24 % null (88 cast-failed)
              3 100 %
      strict  expression (int64), 1 different
              4 100 %
    "
  `)
  // A session ends a little after its page is written.
  const lasting = /<b>[\d.]+ s<\/b>/
  expect((await desk.read('elsewhere.html')).replace(lasting, '')).toBe(
    (await desk.read(page)).replace(lasting, ''),
  )
  const { stdout } = await desk.run(['report', join('runs', 'goods'), '--json'])
  const told = JSON.parse(stdout) as DatasetReport['run'] & { columns: unknown }
  expect(told.columns).toEqual(plain(stored.columns))
  expect(told.name).toBe('goods')
})

/** The records of a page. */
function recordsOn(path: string): { at: number; cells: unknown[] }[] {
  const data = /id="record-data">(.*?)<\/script>/s.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
  return (JSON.parse(data) as { records: { at: number; cells: unknown[] }[] }).records
}

test('the page has records from all over the dataset, at their positions', async () => {
  await using desk = await createDesk()
  const columns = [
    { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
    { name: 'twice', column_type: 'expression', expr: '{{ id }}{{ id }}' },
  ]
  const runConfig = { buffer_size: 500, part_rows: 500 }
  const result = await create({
    config: { config: { columns } },
    rows: 2_500,
    seed: 7n,
    runConfig,
    out: desk.path('run'),
  })
  expect(readFileSync(result.report ?? '', 'utf8')).toContain('1,000 of 2,500 records')
  const shown = recordsOn(result.report ?? '')
  expect(shown).toHaveLength(1_000)
  expect(shown.map(({ at }) => Math.floor(at / 500))).toEqual(
    Array.from({ length: 1_000 }, (_, at) => Math.floor(at / 200)),
  )
  await using dataset = await open(result.dir)
  const records: unknown[][] = []
  for await (const record of dataset.records()) records.push(Object.values(record))
  expect(shown.map(({ cells }) => cells)).toEqual(shown.map(({ at }) => records[at]))
})

test('an unfinished run has its rows on the page, which says so', async () => {
  await using desk = await createDesk()
  const stop = new AbortController()
  let requests = 0
  await using server = await createModelServer({
    script({ number }) {
      requests += 1
      if (requests === 70) stop.abort()
      return number % 7 === 3 ? { status: 400, error: 'No.' } : {}
    },
  })
  const {
    report,
    verdict,
    dir,
    rows: counts,
  } = await create({
    config: { config: stories({ url: server.url }) },
    rows: 100,
    seed: 7n,
    runConfig: { buffer_size: 10, part_rows: 20 },
    signal: stop.signal,
    out: desk.path('run'),
  })
  expect(counts.remaining).toBeGreaterThan(0)
  expect(verdict?.findings.map(({ code }) => code)).toContain('unfinished')
  expect(readFileSync(report ?? '', 'utf8')).toContain('<b class="open">Unfinished:</b>')
  await using dataset = await open(dir)
  const shown = recordsOn(report ?? '')
  expect(shown).toHaveLength(counts.accepted)
  for (const { at, cells } of [shown[0], shown.at(-1)].flatMap((one) => one ?? [])) {
    const { cells: own } = await dataset.row(at)
    expect(cells).toEqual(own.map(({ value }) => value))
  }
})

test('a report of what is not a run folder, and into a folder that is not there, is refused', async () => {
  await using desk = await createDesk()
  const none = await desk.run(['report', 'nothing'])
  expect(none).toMatchObject({ code: 2, stdout: '' })
  await desk.write('goods.json', goods)
  await desk.run(['create', 'goods.json', '-n', '5', '--seed', '7'])
  const nowhere = await desk.run(['report', join('runs', 'goods'), '--html', 'no/where.html'])
  expect(nowhere.code).toBe(2)
  expect(nowhere.stderr).toContain('no/where.html')
})

test('a large run that is interrupted keeps no page of what it was before', async () => {
  await using desk = await createDesk()
  const out = desk.path('run')
  const small = { buffer_size: 10, part_rows: 10 }
  const first = await create({ config, rows: 10, seed: 7n, out, runConfig: small })
  expect(existsSync(first.report ?? '')).toBe(true)
  const controller = new AbortController()
  const result = await create({
    config,
    rows: 5_000,
    out,
    runConfig: small,
    signal: controller.signal,
    onEvent(event) {
      if (event.type === 'part-committed') controller.abort()
    },
  })
  expect(result).toMatchObject({ end: { kind: 'interrupted' }, report: null, columns: null })
  expect(existsSync(first.report ?? '')).toBe(false)
  expect(JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'))).toMatchObject({ columns: null })
})

test('columns that all read one another are reported on at once', async () => {
  await using desk = await createDesk()
  const columns: object[] = [
    { name: 'c0', column_type: 'sampler', sampler_type: 'bernoulli', params: { p: 0.5 } },
  ]
  for (let at = 1; at < 40; at += 1) {
    const names = Array.from({ length: at }, (_, above) => `c${above}`).join(', ')
    columns.push({
      name: `c${at}`,
      column_type: 'expression',
      expr: `{{ [${names}] | length }}`,
    })
  }
  const result = await create({ config: { config: { columns } }, rows: 3, out: desk.path('run') })
  expect(result.columns?.map(({ skipped }) => skipped)).toEqual(columns.map(() => 0))
})
