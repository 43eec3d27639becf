import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { create, open, type FailedCell, type RunOptions } from '../../src/index.ts'
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
        params: { low: 0, high: 1000 },
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

test('every failed cell is told with its words, tries and cost, also of rows kept with a null', async () => {
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

test('the command groups failed cells, lists them, and says when a folder is no run', async () => {
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
