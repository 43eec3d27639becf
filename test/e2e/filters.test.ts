import { expect, test } from 'vitest'
import { create, open } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk, jsonOf } from './command.ts'
import { pets, stories } from './configs.ts'

// A filter rejects a row as soon as the columns it reads are there; nothing more is paid for it.

interface Counts {
  requested: number
  accepted: number
  nullKept: number
  dropped: number
  rejected: number
  remaining: number
}

/** A model that says how long its answer is: every third one is short. */
function lengths(
  script: (number: number) => object | undefined = () => undefined,
): Promise<ModelServer> {
  return createModelServer({
    script({ number, prompt }) {
      const told = Number(/\d+/.exec(prompt)?.[0] ?? 0)
      return { text: told % 3 === 0 ? 'short' : `long ${told}`, ...script(number) }
    },
  })
}

const review = {
  name: 'review',
  column_type: 'llm-text',
  model_alias: 'writer',
  prompt: 'A review of: {{ story }} ({{ number }})',
}

function filtered(
  url: string,
  processors: readonly object[],
  columns: readonly object[] = [review],
): object {
  return { ...stories({ url, columns }), processors }
}

const longOnly = {
  name: 'long only',
  processor_type: 'filter',
  when: "{{ story != 'short' }}",
  code: 'too-short',
}

async function recordsOf(desk: Desk, run: string): Promise<Record<string, unknown>[]> {
  await using dataset = await open(desk.path('runs', run))
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

function rowsOf(value: Record<string, unknown>): Counts {
  const rows = value['rows'] as Counts
  const { requested, accepted, nullKept, dropped, rejected, remaining } = rows
  expect(accepted + nullKept + dropped + rejected + remaining).toBe(requested)
  return rows
}

test('nothing more is paid for a rejected row, and it is counted, listed and not retried', async () => {
  await using desk = await createDesk()
  await using server = await lengths()
  await desk.write('tales.json', filtered(server.url, [longOnly]))

  const ended = await desk.run(['create', 'tales.json', '-n', '30', '--seed', '1', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  const result = jsonOf(ended)
  const { accepted, rejected } = rowsOf(result)
  expect([accepted + rejected, rejected > 3, accepted > 3]).toEqual([30, true, true])
  // A story for every row, a review for the accepted ones; one more asks whether the model is there.
  expect(server.counts.requests).toBe(30 + accepted + 1)
  expect(result['rejections']).toEqual([
    { name: 'long only', code: 'too-short', count: rejected, row: expect.any(Number) },
  ])
  expect(ended.stderr).toMatch(
    new RegExp(`^ {2}long only, too-short: ${rejected} rows rejected, the first is row \\d+$`, 'm'),
  )
  const records = await recordsOf(desk, 'tales')
  expect(records).toHaveLength(accepted)
  expect(Object.keys(records[0] ?? {})).toEqual(['number', 'story', 'review'])
  expect(records.every(({ story }) => story !== 'short')).toBe(true)

  const shown = await desk.run(['show', 'runs/tales'])
  expect(shown.stdout).toContain('Rejected rows\n  long only, too-short: ')
  expect(shown.stdout).toContain('3 columns')
  expect(await desk.read('runs/tales/rowsmith.log')).toContain(`${rejected} rejected`)
  expect(await desk.read('runs/tales/report.html')).toContain('What was rejected')

  const before = server.counts.requests
  const retried = await desk.run(['create', 'tales.json', '--retry-dropped', '--json'])
  expect(rowsOf(jsonOf(retried))).toEqual(rowsOf(result))
  expect(server.counts.requests).toBe(before)
})

test('a run that is killed again and again rejects the same rows and pays for the same cells', async () => {
  await using desk = await createDesk()
  await using server = await lengths()
  await using slow = await createModelServer({
    latencyMs: 20,
    script: ({ prompt }) => {
      const told = Number(/\d+/.exec(prompt)?.[0] ?? 0)
      return { text: told % 3 === 0 ? 'short' : `long ${told}` }
    },
  })
  const processors = [longOnly, { processor_type: 'filter', when: "{{ '7' not in review }}" }]
  await desk.write('whole.json', filtered(server.url, processors))
  await desk.write('torn.json', filtered(slow.url, processors))
  await desk.write('run.yaml', 'buffer_size: 4\npart_rows: 8\n')
  const how = ['-n', '40', '--seed', '1', '--run-config', 'run.yaml']
  const whole = jsonOf(await desk.run(['create', 'whole.json', ...how, '--json']))

  for (let kill = 0; kill < 3; kill += 1) {
    const working = desk.start(['create', 'torn.json', ...how])
    const wanted = slow.counts.requests + 12
    while (slow.counts.requests < wanted && working.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    working.child.kill('SIGKILL')
    await working.ended
  }
  const torn = jsonOf(await desk.run(['create', 'torn.json', ...how, '--json']))

  expect(torn['rows']).toEqual(whole['rows'])
  expect(torn['rejections']).toEqual(whole['rejections'])
  expect(rowsOf(whole).rejected).toBeGreaterThan(3)
  expect(await recordsOf(desk, 'torn')).toEqual(await recordsOf(desk, 'whole'))
}, 60_000)

test('a condition sees null, skipped and left-out cells; one that can’t be decided drops the row', async () => {
  await using desk = await createDesk()
  await using server = await lengths((number) =>
    number === 4 ? { status: 400, error: 'no' } : undefined,
  )
  const { columns, ...rest } = stories({ url: server.url, parallel: 1 }) as { columns: object[] }
  const [number, story] = columns
  await desk.write('tales.json', {
    ...rest,
    columns: [
      { ...number, drop: true },
      { ...story, on_failure: 'null', skip: { when: '{{ number % 5 == 0 }}', value: null } },
      {
        name: 'length',
        column_type: 'expression',
        expr: "{{ 'x' if story is none else story }}",
        propagate_skip: false,
      },
    ],
    processors: [
      { name: 'told', processor_type: 'filter', when: '{{ story is none or story|length > 5 }}' },
      { name: 'odd', processor_type: 'filter', when: '{{ 10 // (number % 7) >= 0 }}' },
    ],
  })

  const ended = await desk.run(['create', 'tales.json', '-n', '60', '--seed', '3', '--json'])

  const rows = rowsOf(jsonOf(ended))
  expect(ended.code, ended.stderr).toBe(3)
  expect([rows.nullKept, rows.rejected > 5, rows.dropped > 3]).toEqual([1, true, true])
  expect(jsonOf(ended)['rejections']).toMatchObject([{ name: 'told', code: 'filtered' }])
  expect(ended.stderr).toContain(`filter:odd, template-error: ${rows.dropped} cells failed`)
  const records = await recordsOf(desk, 'tales')
  expect(records.filter(({ story: text }) => text === null).length).toBeGreaterThan(1)

  const before = server.counts.requests
  await desk.run(['create', 'tales.json', '--retry-dropped'])
  // Cells of the dropped rows are paid for: the model is asked whether it is there, and for the one null.
  expect(server.counts.requests - before).toBeLessThanOrEqual(2)
})

test('a filter over a seed, with nothing to pay', async () => {
  await using desk = await createDesk()
  const lines = Array.from({ length: 500 }, (_, row) => `${row},${row % 4 === 0 ? 'y' : 'n'}`)
  await desk.write('seed.csv', `id,ok\n${lines.join('\n')}\n`)
  await desk.write('kept.json', {
    seed_config: { source: { seed_type: 'local', path: 'seed.csv' } },
    columns: [{ name: 'line', column_type: 'expression', expr: 'number {{ id }}' }],
    processors: [{ name: 'ok', processor_type: 'filter', when: "{{ ok == 'y' }}" }],
  })
  await desk.write('run.yaml', 'buffer_size: 50\npart_rows: 100\n')
  const how = ['create', 'kept.json', '-n', '1000', '--run-config', 'run.yaml', '--json']

  expect(rowsOf(jsonOf(await desk.run(how)))).toMatchObject({ accepted: 250, rejected: 750 })
  const records = await recordsOf(desk, 'kept')
  expect(records.slice(0, 2)).toEqual([
    { line: 'number 0', id: 0, ok: 'y' },
    { line: 'number 4', id: 4, ok: 'y' },
  ])
})

test('a filter that rejects everything leaves an empty dataset, and says so before and after', async () => {
  await using desk = await createDesk()
  const processors = [{ name: 'none', processor_type: 'filter', when: '{{ age > 99 }}' }]
  await desk.write('pets.json', { ...pets, processors })

  const checked = await desk.run(['validate', 'pets.json'])
  expect(checked.code).toBe(0)
  expect(checked.stderr).toContain("Filter 'none' rejects all of 50 sampled rows")
  const ended = await desk.run(['create', 'pets.json', '-n', '20', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(rowsOf(jsonOf(ended))).toMatchObject({ accepted: 0, rejected: 20 })
  expect(ended.stderr).toContain('The dataset is empty: no row was left.')
  expect(await recordsOf(desk, 'pets')).toEqual([])
})

test('render shows what a filter decides', async () => {
  await using desk = await createDesk()
  const processors = [
    { name: 'old', processor_type: 'filter', when: '{{ age > 3 }}' },
    { name: 'cats', processor_type: 'filter', when: "{{ animal == 'cat' }}" },
  ]
  await desk.write('pets.json', { ...pets, processors })
  const decided = (await desk.run(['render', 'pets.json', '--column', 'cats', '--json'])).stdout
  expect(JSON.parse(decided)).toMatchObject({
    ok: true,
    rows: [{ row: 0, parts: [{ field: 'when', keeps: expect.any(Boolean) }] }],
  })
  await desk.write('row.json', { animal: 'dog', age: 1 })
  const given = await desk.run(['render', 'pets.json', '--column', 'old', '--data', 'row.json'])
  expect([given.code, given.stdout]).toEqual([0, 'False'])
})

test('whatever is rejected, dropped or null: the outcomes sum to the rows, in one go or in many', async () => {
  await using desk = await createDesk()
  await using server = await lengths((number) =>
    number % 11 === 5 ? { status: 400, error: 'no' } : undefined,
  )
  const config = filtered(server.url, [
    longOnly,
    { processor_type: 'filter', when: '{{ number % 2 }}' },
  ])
  const out = desk.path('run')
  const runConfig = { buffer_size: 3, part_rows: 6 }
  for (const target of [7, 20, 33]) {
    const controller = new AbortController()
    await create({
      config: { config },
      rows: target,
      out,
      seed: 5n,
      runConfig,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'cell-failed') controller.abort()
      },
    })
    const { rows } = await create({
      config: { config },
      out,
      runConfig,
      retryDropped: target === 20,
    })
    expect(rowsOf({ rows })).toMatchObject({ requested: target, remaining: 0 })
  }
})

test('what a filter does to a distribution is reported with the rows it rejected', async () => {
  await using desk = await createDesk()
  const number = {
    name: 'n',
    column_type: 'sampler',
    sampler_type: 'uniform',
    params: { low: 0, high: 10 },
  }
  const large = { processor_type: 'filter', when: '{{ n > 5 }}' }
  await desk.write('a.json', { columns: [number], processors: [large] })
  const made = await desk.run(['create', 'a.json', '-n', '400', '--seed', '3'])
  expect(made.stderr).toMatch(
    /n  .*\n.*\n +differs from uniform from 0 to 10: .* \(\d+ rejected rows not counted\)/,
  )
  expect(await desk.read('runs/a/report.html')).toMatch(/; \d+ rejected rows not counted/)
})
