import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { create, defineColumn, open, start } from '../../src/index.ts'
import { commonFields } from '../../src/config/common-fields.ts'
import { readFiles } from '../../src/export/records.ts'
import { defineProcessor } from '../../src/processors/define.ts'
import { processorKinds } from '../../src/processors/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk, jsonOf } from './command.ts'
import { pets, stories } from './configs.ts'

// What is done to the whole dataset is done again from the parts, and nothing is asked for it.

const chat = {
  name: 'chat rows',
  processor_type: 'schema_transform',
  template: {
    messages: [
      { role: 'user', content: 'Tell of {{ number }}.' },
      { role: 'assistant', content: '{{ story }}' },
    ],
    kind: 'tale',
    version: 2,
  },
}

async function recordsOf(
  desk: Desk,
  run: string,
  dataset?: string,
): Promise<Record<string, unknown>[]> {
  await using opened = await open(desk.path('runs', run))
  const records = []
  const options = dataset === undefined ? {} : { dataset }
  for await (const record of opened.records(options)) records.push(record)
  return records
}

test('schema_transform makes a dataset next to the dataset, which can be exported', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ prompt }) => ({ text: `So: "${prompt}"` }),
  })
  const processors = [
    chat,
    { name: 'tidy', processor_type: 'drop_columns', column_names: ['num*'] },
  ]
  await desk.write('tales.json', { ...stories({ url: server.url }), processors })

  const ended = await desk.run(['create', 'tales.json', '-n', '9', '--seed', '2', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  const [first, ...rest] = await recordsOf(desk, 'tales', 'chat rows')
  expect(rest).toHaveLength(8)
  expect(first).toEqual({
    messages: [
      { role: 'user', content: expect.stringMatching(/^Tell of \d+\.$/) },
      { role: 'assistant', content: expect.stringMatching(/^So: "A story of \d+\."$/) },
    ],
    kind: 'tale',
    version: 2,
  })
  expect(Object.keys((await recordsOf(desk, 'tales'))[0] ?? {})).toEqual(['story'])
  expect(ended.stderr).toContain(
    'runs/tales/processors-files/chat rows/train-00000-of-00001.parquet',
  )

  const exported = await desk.run([
    'export',
    'runs/tales',
    '--dataset',
    'chat rows',
    '--to',
    'c.jsonl',
  ])
  expect(exported.code, exported.stderr).toBe(0)
  const lines = (await desk.read('c.jsonl')).trim().split('\n')
  expect(JSON.parse(lines[0] ?? '')).toEqual(first)
  const wrong = await desk.run(['export', 'runs/tales', '--dataset', 'chat row', '--to', 'd.jsonl'])
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining("Did you mean 'chat rows'?"),
  ])
})

test('another list of processors makes the datasets again, and asks for nothing', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const base = stories({ url: server.url })
  const how = ['create', 'tales.json', '-n', '12', '--seed', '2', '--json']
  const run = async (processors: readonly object[]): Promise<Record<string, unknown>> => {
    await desk.write('tales.json', { ...base, processors })
    const ended = await desk.run(how)
    expect(ended.code, ended.stderr).toBe(0)
    return jsonOf(ended)
  }
  await run([])
  const { requests } = server.counts
  const parts = await readdir(desk.path('runs', 'tales', 'parts'))

  await run([chat])
  expect(await recordsOf(desk, 'tales', 'chat rows')).toHaveLength(12)
  await run([{ ...chat, template: { text: '{{ story }}' } }])
  expect(Object.keys((await recordsOf(desk, 'tales', 'chat rows'))[0] ?? {})).toEqual(['text'])
  await run([{ name: 'd', processor_type: 'drop_columns', column_names: ['story'] }])
  expect(Object.keys((await recordsOf(desk, 'tales'))[0] ?? {})).toEqual(['number'])
  expect(await readdir(desk.path('runs', 'tales'))).not.toContain('processors-files')
  await run([])
  expect(Object.keys((await recordsOf(desk, 'tales'))[0] ?? {})).toEqual(['number', 'story'])

  expect(server.counts.requests).toBe(requests)
  expect(await readdir(desk.path('runs', 'tales', 'parts'))).toEqual(parts)
})

/** One of each kind, over the columns number and story. */
const oneOfEach: Readonly<Record<string, object>> = {
  dedupe: { method: 'near', columns: ['story'] },
  drop_columns: { column_names: ['num*'] },
  filter: { when: '{{ number % 2 == 0 }}' },
  redact: { patterns: { count: '[0-9]+' } },
  rename: { columns: { story: 'tale' } },
  sample: { count: 5 },
  schema_transform: { template: { text: '{{ story }}' } },
  shuffle: {},
  split: { stratify_by: [] },
}

test('a processor of any kind that comes, changes or goes costs no request', async () => {
  expect(Object.keys(oneOfEach)).toEqual(processorKinds.map(({ type }) => type).toSorted())
  await using desk = await createDesk()
  let asked = 0
  await using server = await createModelServer({
    script({ prompt }) {
      if (prompt.includes('A story of')) asked += 1
      return { text: `So: "${prompt}"` }
    },
  })
  const make = async (processors: readonly object[]): Promise<string> => {
    const config = { ...stories({ url: server.url }), processors }
    const out = desk.path('runs', 'tales')
    const result = await create({ config: { config }, rows: 12, seed: 2n, out })
    expect(result).toMatchObject({ end: { kind: 'complete' }, rows: { dropped: 0 } })
    await using dataset = await open(out)
    return JSON.stringify(await Array.fromAsync(dataset.records()))
  }
  const plain = await make([])
  expect(asked).toBe(12)
  const seen = new Set([plain])
  for (const [type, fields] of Object.entries(oneOfEach)) {
    seen.add(await make([{ name: 'p', processor_type: type, ...fields }]))
  }
  expect(await make([])).toBe(plain)
  expect(asked).toBe(12)
  // All but those of dedupe, which finds nothing here, and of the dataset next to the dataset.
  expect(seen.size).toBe(8)
}, 60_000)

test('another filter uses what was paid for, and rejects or takes back rows', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const base = stories({ url: server.url })
  const run = async (processors: readonly object[]): Promise<Record<string, number>> => {
    await desk.write('tales.json', { ...base, processors })
    const ended = await desk.run(['create', 'tales.json', '-n', '20', '--seed', '2', '--json'])
    expect(ended.code, ended.stderr).toBe(0)
    return jsonOf(ended)['rows'] as Record<string, number>
  }
  expect(await run([])).toMatchObject({ accepted: 20 })
  const { requests } = server.counts

  const odd = { name: 'odd', processor_type: 'filter', when: '{{ number % 2 }}' }
  const { accepted, rejected } = await run([odd])
  expect([(accepted ?? 0) + (rejected ?? 0), (rejected ?? 0) > 3]).toEqual([20, true])
  // No cell is missing, so the model is not even asked whether it is there.
  expect(server.counts.requests - requests).toBe(0)
  expect(await recordsOf(desk, 'tales')).toHaveLength(accepted ?? 0)
  expect(await run([{ ...odd, when: '{{ number % 2 == 0 }}' }])).toMatchObject({
    accepted: rejected,
    rejected: accepted,
  })
  expect(await run([])).toMatchObject({ accepted: 20, rejected: 0 })
  // Without a filter, rows that return might need the model: a health check asks whether it is there.
  expect(server.counts.requests - requests).toBe(1)
})

test('a run that is killed while it makes its datasets makes them when it continues', async () => {
  await using desk = await createDesk()
  const big = { ...chat, template: { all: ['{{ animal }}', '{{ age }}', '{{ line }}'] } }
  await desk.write('pets.json', { ...pets, processors: [big] })
  await desk.write('run.yaml', 'part_rows: 2000\n')
  const how = ['create', 'pets.json', '-n', '60000', '--seed', '2', '--run-config', 'run.yaml']
  const working = desk.start(how)
  for (;;) {
    const names = await readdir(desk.path('runs', 'pets', 'processors-files')).catch(() => [])
    if (names.some((name) => name.endsWith('.joining')) || working.child.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  working.child.kill('SIGKILL')
  await working.ended

  const ended = await desk.run(how)
  expect(ended.code, ended.stderr).toBe(0)
  expect(await readdir(desk.path('runs', 'pets', 'processors-files'))).toEqual(['chat rows'])
  const shown = JSON.parse((await desk.run(['show', 'runs/pets', '--json'])).stdout) as object
  expect(shown).toMatchObject({ datasets: [{ name: 'chat rows', files: [{ rows: 60_000 }] }] })
}, 90_000)

const firstOfEach = defineProcessor({
  by: 'records',
  type: 'first_of_each',
  schema: z
    .strictObject({
      name: z.string(),
      processor_type: z.literal('first_of_each'),
      column: z.string(),
    })
    .describe('Keeps the first record of each value.'),
  output: (_config, columns) => ({ columns: [...columns, { name: 'twice', type: 'string' }] }),
  async *run({ column }, records, { columns }) {
    const at = columns.findIndex(({ name }) => name === column)
    const seen = new Set<unknown>()
    for await (const { rows, columns: values } of records) {
      const kept = [...rows.keys()].filter((record) => {
        const value = values[at]?.[record]
        return !seen.has(value) && seen.add(value)
      })
      const made = values.map((own) => kept.map((record) => own[record] ?? null))
      const twice = kept.map((record) => `${JSON.stringify(values[at]?.[record])} twice`)
      yield {
        rows: Float64Array.from(kept, (record) => rows[record] ?? 0),
        columns: [...made, twice],
      }
    }
  },
})

const plugin = { name: 'uniques', processors: [firstOfEach] }

test('a processor of a plugin omits, adds and is reported in result and report', async () => {
  await using desk = await createDesk()
  const config = {
    ...pets,
    processors: [{ name: 'uniques', processor_type: 'first_of_each', column: 'animal' }],
  }
  const out = desk.path('run')
  const result = await create({ config: { config }, rows: 5_000, seed: 1n, out, plugins: [plugin] })

  expect(result.rows.accepted).toBe(5_000)
  expect(result.processed).toEqual({ by: 'uniques', recordsIn: 5_000, recordsOut: 3, counts: [] })
  expect(
    result.columns?.map(({ name, cells, distinct }) => [name, cells, distinct?.count]),
  ).toEqual([
    ['animal', 3, 3],
    ['age', 3, expect.any(Number)],
    ['line', 3, 3],
    ['twice', 3, 3],
  ])
  await using dataset = await open(out, { plugins: [plugin] })
  const records: string[] = []
  for await (const { animal, twice } of dataset.records()) {
    records.push(`${JSON.stringify(animal)}: ${JSON.stringify(twice)}`)
  }
  expect(new Set(records)).toEqual(
    new Set([
      String.raw`"cat": "\"cat\" twice"`,
      String.raw`"dog": "\"dog\" twice"`,
      String.raw`"frog": "\"frog\" twice"`,
    ]),
  )
  await dataset.export({ to: desk.path('out.csv') })
  expect((await readFile(desk.path('out.csv'), 'utf8')).split('\n')[0]).toBe(
    'animal,age,line,twice',
  )
  expect(await readFile(desk.path('run', 'report.html'), 'utf8')).toContain(
    '5,000 records in, 3 out by uniques',
  )
  const { run } = await dataset.report()
  expect(run.processed).toEqual(result.processed)
})

test('a processor that goes wrong is named, and the rows are all there', async () => {
  await using desk = await createDesk()
  const broken = defineProcessor({ ...firstOfEach, run: (_config, records) => records })
  const config = {
    ...pets,
    processors: [{ name: 'uniques', processor_type: 'first_of_each', column: 'animal' }],
  }
  const options = { config: { config }, rows: 50, seed: 1n, out: desk.path('run') }
  await expect(
    create({ ...options, plugins: [{ name: 'uniques', processors: [broken] }] }),
  ).rejects.toMatchObject({
    code: 'processor-failed',
    message: "processor 'uniques': it gave 3 columns, and 4 were expected",
  })
  const mended = await create({ ...options, plugins: [plugin] })
  expect(mended.processed).toMatchObject({ recordsIn: 50, recordsOut: 3 })
})

test('records are put in order, split, sampled and told of, the same however the run went', async () => {
  await using desk = await createDesk()
  const processors = [
    {
      name: 'private',
      processor_type: 'redact',
      patterns: { pet: 'cat|dog' },
      columns: ['animal'],
    },
    { name: 'mixed', processor_type: 'shuffle' },
    { name: 'parts', processor_type: 'split', stratify_by: [], parts: { train: 3, test: 1 } },
    { name: 'fewer', processor_type: 'sample', count: 3_000 },
    { name: 'named', processor_type: 'rename', columns: { split: 'part', line: 'text' } },
  ]
  const columns = pets.columns.map((column) => ({ ...column, drop: column.name === 'line' }))
  await desk.write('pets.json', { columns, processors })
  await desk.write('run.yaml', 'part_rows: 500\n')
  const how = ['pets.json', '-n', '4000', '--seed', '2', '--run-config', 'run.yaml']
  const whole = await desk.run(['create', ...how])
  expect(whole.code, whole.stderr).toBe(0)
  expect(whole.stderr).toMatch(
    /4,000 records in, 3,000 out by private, mixed, parts, fewer, named\n +private: pet in animal [\d,]+\n +parts: records in \w+ [\d,]+\n +parts: records in \w+ [\d,]+\n +fewer: records not sampled 1,000\n/,
  )
  const records = await recordsOf(desk, 'pets')
  expect(records).toHaveLength(3_000)
  // What is dropped stays out under its other name.
  expect(Object.keys(records[0] ?? {})).toEqual(['animal', 'age', 'part'])

  const interrupted = desk.start(['create', ...how, '--out', 'again'])
  for (;;) {
    const names: string[] = await readdir(desk.path('again')).catch(() => [])
    if (names.some((name) => name.endsWith('.joining')) || interrupted.child.exitCode !== null)
      break
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  interrupted.child.kill('SIGKILL')
  await interrupted.ended
  const ended = await desk.run(['create', ...how, '--out', 'again'])
  expect(ended.code, ended.stderr).toBe(0)
  const names = await readdir(desk.path('again'))
  expect(names.filter((name) => name.includes('joining'))).toEqual([])
  expect(await readdir(desk.path('again', 'data'))).toEqual(['train-00000-of-00001.parquet'])
  const bytes = (run: string): Promise<Buffer> =>
    readFile(desk.path(run, 'data', 'train-00000-of-00001.parquet'))
  expect((await bytes('again')).equals(await bytes('runs/pets'))).toBe(true)
  const shown = jsonOf(await desk.run(['show', 'again', '--json']))
  expect(shown['processed']).toMatchObject({ counts: [{}, {}, {}, { times: 1_000 }] })
}, 60_000)

test('an export has files of their own for each part', async () => {
  await using desk = await createDesk()
  const processors = [
    { name: 'parts', processor_type: 'split', stratify_by: [], parts: { train: 3, test: 1 } },
  ]
  await create({
    config: { config: { ...pets, processors } },
    rows: 40,
    seed: 2n,
    out: desk.path('runs', 'pets'),
  })
  await using dataset = await open(desk.path('runs', 'pets'))
  const exported = async (how: object): Promise<[string, number][]> => {
    const files = await dataset.export({ splitBy: 'split', to: desk.path('out'), ...how })
    return files
      .map(({ path, rows }): [string, number] => [path.slice(desk.path('out').length + 1), rows])
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
  }
  expect(await exported({ format: 'jsonl' })).toEqual([
    ['test.jsonl', 10],
    ['train.jsonl', 30],
  ])
  expect(await desk.read('out/test.jsonl')).toMatch(/^(\{.*,"split":"test"\}\n){10}$/)
  const parquet = [
    ['test-00000-of-00001.parquet', 10],
    ['train-00000-of-00001.parquet', 30],
  ]
  expect(await exported({})).toEqual(parquet)
  // They stand.
  expect(await exported({})).toEqual(parquet)
  const types = new Map([['animal', 'string'] as const, ['split', 'string'] as const])
  const [tested, trained] = await Promise.all(
    parquet.map(([name]) =>
      Array.fromAsync(readFiles([desk.path('out', String(name))], types), (record) =>
        record.get('split'),
      ),
    ),
  )
  expect([new Set(tested), new Set(trained), trained?.length]).toEqual([
    new Set(['test']),
    new Set(['train']),
    30,
  ])
  // By another column, without a processor's pass; what was there before is replaced.
  expect(await exported({ splitBy: 'animal' })).toHaveLength(3)
  expect((await readdir(desk.path('out'))).filter((name) => name.endsWith('.parquet'))).toEqual([
    'cat-00000-of-00001.parquet',
    'dog-00000-of-00001.parquet',
    'frog-00000-of-00001.parquet',
  ])
  await expect(exported({ splitBy: 'line' })).rejects.toThrow("a value of 'line' can't name a file")
  await expect(exported({ to: desk.path('x.csv') })).rejects.toThrow('names one file')
  await expect(exported({ splitBy: 'spilt' })).rejects.toThrow("no column 'spilt'")
}, 60_000)

test('an interrupt in the middle of a pass ends it, and what is made later has the same bytes', async () => {
  await using desk = await createDesk()
  let batches = 0
  let interrupt = (): void => undefined
  const slow = defineProcessor({
    by: 'records',
    type: 'slow',
    schema: z.strictObject({ name: z.string(), processor_type: z.literal('slow') }),
    output: (_config, columns) => ({ columns }),
    async *run(_config, records) {
      for await (const batch of records) {
        batches += 1
        if (batches === 2) interrupt()
        yield batch
      }
    },
  })
  const config = {
    ...pets,
    processors: [
      { name: 'mixed', processor_type: 'shuffle' },
      { name: 'slow', processor_type: 'slow' },
      { name: 'other', processor_type: 'schema_transform', template: { t: '{{ line }}' } },
    ],
  }
  const plugins = [{ name: 'slow', processors: [slow] }]
  const options = { config: { config }, plugins, rows: 4_000, seed: 1n }
  await create({ ...options, out: desk.path('whole') })
  for (const how of ['drain', 'abort'] as const) {
    const out = desk.path(how)
    batches = 0
    await using run = await start({ ...options, out })
    interrupt = () => run[how]()
    const result = await run.finished
    interrupt = () => undefined
    expect(result).toMatchObject({
      end: { kind: 'interrupted' },
      rows: { remaining: 0 },
      files: [],
    })
    expect(batches).toBe(2)
    expect((await readdir(out)).filter((name) => /data|joining|processors/.test(name))).toEqual([])
    await run[Symbol.asyncDispose]()
    await create({ ...options, out })
    for (const folder of ['data', 'processors-files/other']) {
      const path = `${folder}/train-00000-of-00001.parquet`
      const made = await readFile(desk.path(how, path))
      expect(made.equals(await readFile(desk.path('whole', path)))).toBe(true)
    }
  }
})

test('an export takes the files along that cells name, whatever processors did to these', async () => {
  await using desk = await createDesk()
  const picture = defineColumn({
    type: 'picture',
    schema: z.strictObject({ ...commonFields, column_type: z.literal('picture') }),
    describe: () => ({ by: 'cell', pure: false, output: 'media', references: [], routes: [] }),
    bind: (_config, { media }) => ({
      by: 'cell',
      requests: 'none',
      async run({ index }) {
        return { value: (await media.put(Buffer.from(`picture ${index}`), 'image/png')).path }
      },
    }),
  })
  const config = {
    columns: [
      { name: 'image', column_type: 'picture', drop: true },
      { name: 'shown', column_type: 'picture' },
    ],
    processors: [
      { name: 'mixed', processor_type: 'shuffle' },
      { name: 'chat', processor_type: 'schema_transform', template: { about: 'See {{ image }}' } },
      { name: 'named', processor_type: 'rename', columns: { shown: 'seen' } },
    ],
  }
  const plugins = [{ name: 'pictures', columns: [picture] }]
  await create({ config: { config }, plugins, rows: 3, seed: 1n, out: desk.path('run') })
  await using dataset = await open(desk.path('run'), { plugins })
  await dataset.export({ to: desk.path('own', 'data.jsonl') })
  await dataset.export({ to: desk.path('files') })
  await dataset.export({ to: desk.path('beside', 'chat.jsonl'), dataset: 'chat' })
  for (const [folder, name] of [
    ['own', 'data.jsonl'],
    ['beside', 'chat.jsonl'],
  ] as const) {
    const lines = (await desk.read(`${folder}/${name}`)).trim().split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      const [path = ''] = /media\/[\w/]+\.png/.exec(line) ?? []
      expect(await desk.read(`${folder}/${path}`)).toMatch(/^picture \d$/)
    }
  }
  expect(await readdir(desk.path('files'))).toContain('media')
})
