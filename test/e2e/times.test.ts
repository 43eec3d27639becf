import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type FileMetaData, parquetMetadata } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { commonFields } from '../../src/config/common-fields.ts'
import { create, defineColumn, open, type DatasetRecord } from '../../src/index.ts'

// Dates and times from a seed, from samplers and from a kind of the user, through whole runs.

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-times-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const fixtures = new URL('../../src/seeds/formats/fixtures/types/', import.meta.url)
const seed = fileURLToPath(new URL('times.parquet', fixtures))
const ancestor = JSON.parse(
  readFileSync(new URL('ancestor-times.json', fixtures), 'utf8'),
) as Record<'seed' | 'samplers', Record<string, string>>

const seen = defineColumn({
  type: 'seen',
  schema: z.strictObject({ ...commonFields, column_type: z.literal('seen') }),
  describe: () => ({
    by: 'cell',
    pure: false,
    output: 'timestamp_utc',
    references: [],
    routes: [],
  }),
  bind: () => ({
    by: 'cell',
    requests: 'none',
    run: ({ index }) => Promise.resolve({ value: `2025-01-31T14:30:0${index % 10}+02:00` }),
  }),
})

const plugins = [{ name: 'test', columns: [seen] }]

const times = ['day', 'millis', 'micros', 'nanos', 'utc', 'zoned', 'nanos_utc', 'clock']

const config = {
  seed: 5,
  seed_config: { source: { seed_type: 'local', path: seed } },
  columns: [
    datetime('moment', {}),
    datetime('written', { convert_to: '%d.%m.%Y' }),
    datetime('stamped', { convert_to: 'timestamp' }),
    datetime('dated', { convert_to: 'date' }),
    timedelta('later', {}),
    timedelta('later_written', { convert_to: '%H:%M' }),
    timedelta('later_stamped', { convert_to: 'timestamp' }),
    { name: 'seen_at', column_type: 'seen' },
    {
      name: 'text',
      column_type: 'expression',
      expr: `{{ seen_at }} | ${times.map((name) => `{{ ${name} }}`).join(' | ')}`,
    },
    {
      name: 'since',
      column_type: 'expression',
      expr: '{{ nanos[:10] }}',
      skip: { when: "{{ micros is none or micros < '2000-01-01' }}" },
    },
  ],
}

function datetime(name: string, more: object): object {
  const params = { start: '2025-01-01', end: '2026-01-01', unit: 's' }
  return { name, column_type: 'sampler', sampler_type: 'datetime', params, ...more }
}

function timedelta(name: string, more: object): object {
  const params = { dt_min: 1, dt_max: 5, reference_column_name: 'moment', unit: 'h' }
  return { name, column_type: 'sampler', sampler_type: 'timedelta', params, ...more }
}

/** The types of a dataset's columns, in pyarrow's words. */
function typesOf(folder: string): Map<string, string> {
  const [file = ''] = readdirSync(folder)
  const { schema }: FileMetaData = parquetMetadata(
    new Uint8Array(readFileSync(join(folder, file))).buffer,
  )
  return new Map(
    schema.slice(1).map(({ name, logical_type: logical }) => {
      if (logical?.type === 'DATE') return [name, 'date32[day]']
      if (logical?.type !== 'TIMESTAMP') return [name, 'large_string']
      const unit = logical.unit === 'NANOS' ? 'ns' : 'us'
      return [name, `timestamp[${unit}${logical.isAdjustedToUTC ? ', tz=Etc/UTC' : ''}]`]
    }),
  )
}

async function recordsOf(out: string): Promise<DatasetRecord[]> {
  await using dataset = await open(out, { plugins })
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test('have the types of NeMo Data Designer, or better, and their texts', async () => {
  const out = join(root, 'run')
  const started = await create({ config: { config }, out, rows: 7, plugins })
  expect(started.rows).toMatchObject({ accepted: 7 })
  // A larger target reads the part back and merges it.
  await create({ config: { config }, out, rows: 12, plugins })

  const types = typesOf(join(out, 'data'))
  expect(Object.fromEntries(types)).toMatchObject({
    ...ancestor.seed,
    // NeMo Data Designer loses three digits, and is without text for a time of day.
    nanos_utc: 'timestamp[ns, tz=Etc/UTC]',
    clock: 'large_string',
    moment: ancestor.samplers['datetime'],
    written: ancestor.samplers['datetime with convert_to'],
    later: ancestor.samplers['timedelta'],
    later_written: ancestor.samplers['timedelta with convert_to'],
    seen_at: 'timestamp[us, tz=Etc/UTC]',
    // Ours.
    stamped: 'timestamp[us]',
    dated: 'date32[day]',
    later_stamped: 'timestamp[us]',
  })

  const records = await recordsOf(out)
  expect(records).toHaveLength(12)
  expect(records[0]).toMatchObject({
    day: '2020-01-02',
    millis: '2020-01-02T03:04:05.123',
    micros: '2020-01-02T03:04:05.123456',
    nanos: '2020-01-02T03:04:05.123456789',
    utc: '2020-01-02T03:04:05.123456Z',
    zoned: '2020-01-02T03:04:05.123456Z',
    nanos_utc: '2020-01-02T03:04:05.123456789Z',
    clock: '12:01:02',
    seen_at: '2025-01-31T12:30:00Z',
    since: '2020-01-02',
    stamped: expect.stringMatching(/^2025-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    dated: expect.stringMatching(/^2025-\d\d-\d\d$/),
    later_stamped: expect.stringMatching(/^2025-\d\d-\d\dT\d\d:\d\d:\d\d$/),
  })
  expect(records[1]).toMatchObject({
    day: '1969-12-31',
    millis: '1969-12-31T23:59:59.999',
    nanos_utc: '1969-12-31T23:59:59.999999999Z',
    since: null,
  })
  for (const record of records) {
    const texts = ['seen_at', ...times].map((name) => record[name] ?? 'None')
    expect(record['text']?.toString().split(' | ')).toEqual(texts)
  }
})

test('are texts in exports and dates in the report', async () => {
  await using dataset = await open(join(root, 'run'), { plugins })
  const [jsonl] = await dataset.export({ to: join(root, 'data.jsonl') })
  const [csv] = await dataset.export({ to: join(root, 'data.csv') })
  const records = await recordsOf(join(root, 'run'))
  const lines = readFileSync(jsonl?.path ?? '', 'utf8')
    .trimEnd()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(records)
  expect(readFileSync(csv?.path ?? '', 'utf8')).toContain(
    '2020-01-02,2020-01-02T03:04:05.123,2020-01-02T03:04:05.123456,2020-01-02T03:04:05.123456789,',
  )
  await dataset.export({ to: join(root, 'export') })
  expect(typesOf(join(root, 'export'))).toEqual(typesOf(join(root, 'run', 'data')))

  const { columns } = await dataset.report()
  const nanos = columns.find(({ name }) => name === 'nanos')
  expect(nanos).toMatchObject({ type: 'timestamp_ns', nulls: { count: 4 }, distinct: { count: 2 } })
  expect(nanos?.times?.max).toBe(Date.parse('2020-01-02T03:04:05.123Z'))
  expect(columns.find(({ name }) => name === 'day')?.times?.min).toBe(-86_400_000)
})
