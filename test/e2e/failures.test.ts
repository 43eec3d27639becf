import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { create, open, type FailedCell, type RunEvent, type RunOptions } from '../../src/index.ts'
import { groupFailures } from '../../src/report/group-failures.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk } from './command.ts'

/** A story that some rows don't get, and a title that some rows go without. */
function tales(url: string): object {
  return {
    model_providers: [{ name: 'local', endpoint: url }],
    model_configs: [
      {
        alias: 'writer',
        provider: 'local',
        model: 'test',
        inference_parameters: { max_parallel_requests: 8 },
        skip_health_check: true,
      },
    ],
    columns: [
      {
        name: 'number',
        column_type: 'sampler',
        sampler_type: 'uniform',
        params: { low: 0, high: 1_000_000 },
        convert_to: 'int',
      },
      {
        name: 'story',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'Story {{ number }}.',
      },
      {
        name: 'title',
        column_type: 'llm-structured',
        model_alias: 'writer',
        on_failure: 'null',
        prompt: 'Title {{ number }}.',
        output_format: {
          type: 'object',
          properties: { title: { type: 'string' } },
          required: ['title'],
        },
      },
      {
        name: 'ending',
        column_type: 'llm-text',
        model_alias: 'writer',
        prompt: 'End {{ title }} {{ number }}.',
      },
    ],
  }
}

/** What a request is about, also one that asks again. */
function askedIn(text: string): { what: string; number: number } {
  const [, what = '', number] = /(Story|Title|End)[^"\\]*? (\d+)\./.exec(text) ?? []
  return { what, number: Number(number) }
}

/** A model that does not like some numbers, until `settled`. */
async function startModel() {
  const state = { settled: false, asked: [] as string[] }
  const server = await createModelServer({
    script({ text }) {
      const { what, number } = askedIn(text)
      state.asked.push(`${what} ${number}`)
      if (what === 'Story') {
        if (!state.settled && number % 5 === 0) return { status: 400, error: 'no fives' }
        return { text: `S${number}` }
      }
      if (what === 'End') return { text: `E${number}` }
      if (!state.settled && number % 3 === 0) return { text: `no title for ${number}` }
      return { text: `{"title": "T${number}"}` }
    },
  })
  return { server, state, [Symbol.asyncDispose]: () => server.close() }
}

const rows = 60

function options(desk: Desk, url: string, more: Partial<RunOptions> = {}): RunOptions {
  return {
    config: { config: tales(url) },
    rows,
    seed: 3n,
    out: desk.path('run'),
    runConfig: { buffer_size: 10, part_rows: 20, disable_early_shutdown: true, max_attempts: 1 },
    ...more,
  }
}

function keysOf(cells: Iterable<FailedCell>): string[] {
  return Array.from(
    cells,
    ({ row, column, code, outcome }) => `${row} ${column} ${code} ${outcome}`,
  )
}

test('every failed cell is reported with its words, tries and cost, also of rows kept with a null', async () => {
  await using desk = await createDesk()
  await using model = await startModel()
  const result = await create(options(desk, model.server.url))
  expect(result.rows.dropped).toBeGreaterThan(3)
  expect(result.rows.nullKept).toBeGreaterThan(5)

  await using dataset = await open(desk.path('run'))
  const all = [...dataset.failures()]
  const stories = [...dataset.failures({ column: 'story' })]
  const titles = [...dataset.failures({ column: 'title' })].filter(
    ({ outcome }) => outcome === 'null',
  )
  expect(stories).toHaveLength(result.rows.dropped)
  expect(new Set(titles.map(({ row }) => row)).size).toBe(result.rows.nullKept)
  expect(stories[0]).toMatchObject({
    code: 'bad-request',
    outcome: 'dropped',
    attempts: 1,
    message: expect.stringContaining('no fives'),
  })
  // Each has its own words, and what they cost.
  expect(titles.every(({ raw }) => /^no title for \d+$/.test(raw ?? ''))).toBe(true)
  expect(new Set(titles.map(({ raw }) => raw)).size).toBeGreaterThan(5)
  expect(titles.every(({ usage }) => (usage?.outputTokens ?? 0) > 0)).toBe(true)
  expect(all.map(({ row }) => row)).toEqual(all.map(({ row }) => row).toSorted((a, b) => a - b))

  const groups = groupFailures(all)
  const { failures } = await dataset.summary()
  expect(groups.reduce((sum, { cells }) => sum + cells, 0)).toBe(all.length)
  expect(failures.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
  const [code] = titles.map((cell) => cell.code)
  expect(groups.find(({ column }) => column === 'title')).toMatchObject({
    code,
    attempts: expect.any(Number),
  })
  expect([...dataset.failures({ code: 'bad-request' })]).toEqual(stories)
  expect(() => [...dataset.failures({ column: 'storry' })]).toThrow(
    expect.objectContaining({ code: 'usage', hints: ['Did you mean story?'] }),
  )

  // A run folder that kept the sums alone tells what it has.
  const keys = keysOf(all)
  const ledger = new DatabaseSync(desk.path('run', 'ledger.sqlite'))
  ledger.exec("DELETE FROM failure WHERE outcome = 'kept'")
  ledger.close()
  const older = [...dataset.failures()]
  expect(keysOf(older).toSorted()).toEqual(keys.toSorted())
  expect(older.filter(({ attempts }) => attempts === null)).toHaveLength(titles.length)
})

test('the command groups failed cells, lists them, and says when a folder is not a run', async () => {
  await using desk = await createDesk()
  await using model = await startModel()
  await create(options(desk, model.server.url))

  const grouped = await desk.run(['failures', 'run', '--column', 'story'])
  expect(grouped.code, grouped.stderr).toBe(0)
  expect(grouped.stdout).toMatch(/^run {2}\d+ cells of story failed\n/)
  expect(grouped.stdout).toMatch(/\nstory, bad-request: \d+ cells, rows dropped/)
  expect(grouped.stdout).toContain('rowsmith failures run --column story --list')
  const listed = await desk.run(['failures', 'run', '--list', '--json'])
  const { groups, cells } = JSON.parse(listed.stdout) as {
    groups: { cells: number }[]
    cells: FailedCell[]
  }
  expect(cells).toHaveLength(groups.reduce((sum, group) => sum + group.cells, 0))
  const nothing = await desk.run(['failures', 'runs'])
  expect(nothing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no run here'),
  })
})

test('failed cells are made again, those of one column or reason alone, and nothing else is paid', async () => {
  await using desk = await createDesk()
  await using model = await startModel()
  const { server, state } = model
  await create(options(desk, server.url))
  const whole = await create({ ...options(desk, server.url), out: desk.path('whole') })
  await using dataset = await open(desk.path('run'))
  const numbers = await numbersOf(desk)
  const failing = (column: string): Set<number> =>
    new Set([...dataset.failures({ column })].map(({ row }) => row))
  const stories = failing('story')
  const titles = new Set(
    [...dataset.failures({ column: 'title' })]
      .filter(({ outcome }) => outcome === 'null')
      .map(({ row }) => row),
  )
  state.settled = true

  // Titles alone: rows kept with a null, and the ending that was written without a title.
  state.asked = []
  const warnings: string[] = []
  const retried = await create({
    ...options(desk, server.url, { retryFailed: { column: 'title', code: 'nothing' } }),
    onEvent: (event) => event.type === 'warning' && warnings.push(event.problem.message),
  })
  expect(warnings).toEqual([
    "No cell of column 'title' with 'nothing' failed: nothing is made again.",
  ])
  expect(retried.rows).toEqual(whole.rows)
  expect(state.asked).toEqual([])

  const made = await create(options(desk, server.url, { retryFailed: { column: 'title' } }))
  const again = [...titles].flatMap((row) => [`Title ${numbers[row]}`, `End ${numbers[row]}`])
  const dropped = made.rows.dropped
  expect(made.rows).toMatchObject({ nullKept: 0, remaining: 0 })
  expect(state.asked.filter((asked) => again.includes(asked)).toSorted()).toEqual(again.toSorted())
  // A dropped row whose title failed, too, is taken up with all that dropped it.
  expect(state.asked.length - again.length).toBeLessThanOrEqual(3 * (stories.size - dropped))

  state.asked = []
  const all = await create(options(desk, server.url, { retryFailed: true }))
  expect(all.rows).toMatchObject({ accepted: rows, dropped: 0, nullKept: 0 })
  expect(state.asked.filter((asked) => asked.startsWith('Story'))).toHaveLength(dropped)
  expect([...dataset.failures()]).toEqual([])

  const fresh = await create({ ...options(desk, server.url), out: desk.path('fresh') })
  expect(await contents(all.files)).toEqual(await contents(fresh.files))
  await expect(
    create(options(desk, server.url, { retryFailed: { column: 'storry' } })),
  ).rejects.toMatchObject({ code: 'usage', hints: ['Did you mean story?'] })
})

test('a session that is interrupted when failed cells are made again continues where it was', async () => {
  await using desk = await createDesk()
  await using model = await startModel()
  const { server, state } = model
  await create(options(desk, server.url))
  state.settled = true
  const fresh = await create({ ...options(desk, server.url), out: desk.path('fresh') })

  state.asked = []
  const controller = new AbortController()
  const stopped = await create({
    ...options(desk, server.url, { retryFailed: { column: 'title' } }),
    signal: controller.signal,
    onEvent: (event) => event.type === 'row-group-opened' && controller.abort(),
  })
  expect(stopped.end.kind).toBe('interrupted')
  await create(options(desk, server.url))
  // Asked for once more: what is there already stays.
  await create(options(desk, server.url, { retryFailed: true }))
  const all = await create(options(desk, server.url))
  expect(all.rows).toMatchObject({ accepted: rows })
  expect(state.asked.length).toBe(new Set(state.asked).size)
  expect(await contents(all.files)).toEqual(await contents(fresh.files))
})

/** The number of each row, drawn from the seed. */
async function numbersOf(desk: Desk): Promise<number[]> {
  const { columns } = tales('http://localhost:1') as { columns: object[] }
  const result = await create({
    config: { config: { columns: columns.slice(0, 1) } },
    rows,
    seed: 3n,
    out: desk.path('numbers'),
  })
  await using dataset = await open(result.dir)
  const records = await Array.fromAsync(dataset.records())
  return records.map(({ number }) => Number(number))
}

async function contents(files: readonly { path: string }[]): Promise<string[]> {
  return Promise.all(files.map(async ({ path }) => (await readFile(path)).toString('base64')))
}

test('everything of one row is shown: cells, what was asked, failures, cost, and why it is missing', async () => {
  await using desk = await createDesk()
  await using model = await startModel()
  const { server, state } = model
  await create(options(desk, server.url))
  await using dataset = await open(desk.path('run'))
  const numbers = await numbersOf(desk)
  const [dropped] = [...dataset.failures({ column: 'story' })]
  const kept = [...dataset.failures({ column: 'title' })].find(({ outcome }) => outcome === 'null')
  const failing = new Set([...dataset.failures()].map((cell) => cell.row))
  const whole = numbers.findIndex((_, row) => !failing.has(row))
  state.asked = []

  const lost = await dataset.row(dropped?.row ?? 0)
  expect(lost).toMatchObject({
    outcome: 'dropped',
    why: 'column story failed: bad-request',
    part: null,
    notes: [],
    log: [expect.stringContaining(`row ${dropped?.row}, column story: bad-request`)],
  })
  expect(lost.cells.map(({ column, state: made }) => `${column} ${made}`)).toEqual([
    'number made',
    'story failed',
    expect.stringMatching(/^title (made|missing|failed)$/),
    expect.stringMatching(/^ending (made|missing)$/),
  ])
  const number = numbers[dropped?.row ?? 0]
  expect(lost.cells[0]).toMatchObject({ value: number, asked: null })
  expect(lost.cells[1]).toMatchObject({
    failure: dropped,
    asked: [{ field: 'user', text: `Story ${number}.` }],
  })
  expect(lost.attempts).toBeGreaterThan(0)

  const record = await dataset.row(whole)
  expect(record).toMatchObject({
    outcome: 'accepted',
    why: null,
    part: { number: Math.floor(whole / 20), session: { number: 1 } },
    usage: { requests: 3, answers: 3, cached: 0, inputTokens: 21 },
  })
  expect(record.cells[3]).toMatchObject({ state: 'made', value: `E${numbers[whole]}` })
  expect(record.cells[3]?.asked?.[0]?.text).toContain(`T${numbers[whole]}`)

  const nulled = await dataset.row(kept?.row ?? 0)
  expect(nulled).toMatchObject({ outcome: 'null-kept', why: null })
  expect(nulled.cells[2]).toMatchObject({ state: 'failed', value: null, failure: kept })
  expect(nulled.cells[3]?.asked?.[0]?.text).toBe(`End None ${numbers[kept?.row ?? 0]}.`)
  expect(nulled.cells[2]?.usage?.outputTokens).toBe(kept?.usage?.outputTokens)
  expect(nulled.usage.requests).toBeGreaterThan(nulled.cells[2]?.usage?.requests ?? 9)

  await expect(dataset.row(rows)).rejects.toMatchObject({
    code: 'usage',
    hints: ['They are 0 to 59.'],
  })
  // Nothing was asked.
  expect(state.asked).toEqual([])
})

test('a column may stop the run: the row remains, nothing is lost, and the next session asks again', async () => {
  await using desk = await createDesk()
  await using model = await startModel()
  const { server, state } = model
  const config = tales(server.url) as { columns: object[] }
  config.columns[1] = { ...config.columns[1], on_failure: 'stop' }
  const careful = { ...options(desk, server.url), config: { config } }
  const told: RunEvent[] = []
  const result = await create({ ...careful, onEvent: (event) => told.push(event) })
  expect(result.end).toEqual({
    kind: 'stopped',
    reason: expect.stringMatching(
      /^column story failed in row \d+ and stops the run \(on_failure: stop\): .*no fives/,
    ),
  })
  expect(result.rows).toMatchObject({ dropped: 0 })
  expect(result.rows.remaining).toBeGreaterThan(0)
  expect(told).toContainEqual(
    expect.objectContaining({ type: 'cell-failed', column: 'story', stops: true }),
  )
  await using dataset = await open(result.dir)
  expect(keysOf(dataset.failures({ column: 'story' }))).toContainEqual(
    expect.stringMatching(/story bad-request stopped$/),
  )

  const before = new Set(state.asked)
  state.settled = true
  state.asked = []
  const done = await create(careful)
  expect(done.rows).toMatchObject({ dropped: 0, remaining: 0 })
  // What was answered before is not asked for again.
  const isAskedOnce = (asked: string): boolean =>
    asked.startsWith('End') || (asked.startsWith('Title') && Number(asked.slice(6)) % 3 !== 0)
  const again = state.asked.filter((asked) => before.has(asked) && isAskedOnce(asked))
  expect(again).toEqual([])
  expect([...dataset.failures({ column: 'story' })]).toEqual([])
})

test('a cell that costs nothing stops the run before its part is written', async () => {
  await using desk = await createDesk()
  const columns = [
    {
      name: 'word',
      column_type: 'sampler',
      sampler_type: 'category',
      params: { values: ['7', 'many'], weights: [50, 1] },
    },
    { name: 'n', column_type: 'expression', dtype: 'int', expr: '{{ word }}', on_failure: 'stop' },
  ]
  const run = {
    rows: 400,
    seed: 2n,
    out: desk.path('run'),
    runConfig: { buffer_size: 20, part_rows: 20 },
  }
  const stopped = await create({ ...run, config: { config: { columns } } })
  expect(stopped.end).toMatchObject({
    kind: 'stopped',
    reason: expect.stringContaining('column n failed in row'),
  })
  await using dataset = await open(run.out)
  // An export writes what is decided.
  const [file] = await dataset.export({ to: desk.path('half.jsonl') })
  expect(file?.rows).toBe(stopped.rows.accepted)

  const kept = columns.map((column) => ({
    ...column,
    ...(column.name === 'n' ? { on_failure: 'null' } : {}),
  }))
  const done = await create({ ...run, config: { config: { columns: kept } } })
  expect(done.rows).toMatchObject({ remaining: 0, dropped: 0 })
  expect(done.rows.nullKept).toBeGreaterThan(0)
})
