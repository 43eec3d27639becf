import { mkdir, readdir } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { noUsage } from '../../src/graph/request.ts'
import { open } from '../../src/run/open-dataset.ts'
import type { RowCounts } from '../../src/report/run-result.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, jsonOf, type Desk, type Ended } from './command.ts'
import { pets, stories } from './configs.ts'

function rowsOf(ended: Ended): RowCounts {
  // The first test compares the whole object.
  const rows = jsonOf(ended)['rows'] as RowCounts
  const { requested, ...outcomes } = rows
  const sum = Object.values(outcomes).reduce((total, count) => total + count, 0)
  expect(sum, `outcomes of ${ended.stdout}`).toBe(requested)
  return rows
}

async function recordsOf(desk: Desk, ...folder: string[]): Promise<unknown[]> {
  await using dataset = await open(desk.path(...folder))
  const records: unknown[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

test('makes a dataset in ./runs/<config name> and prints one object with --json', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)

  const ended = await desk.run(['create', 'pets.json', '-n', '20', '--seed', '7', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(jsonOf(ended)).toEqual({
    dir: desk.path('runs', 'pets'),
    selection: null,
    cached: 0,
    cost: { total: null, currency: 'USD', unknown: [] },
    rows: { requested: 20, accepted: 20, nullKept: 0, dropped: 0, rejected: 0, remaining: 0 },
    rejections: [],
    files: [{ path: desk.path('runs', 'pets', 'data', 'train-00000-of-00001.parquet'), rows: 20 }],
    processed: null,
    datasets: [],
    requests: 0,
    usage: { ...noUsage },
    seconds: expect.any(Number),
    report: desk.path('runs', 'pets', 'report.html'),
  })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "New run in <desk>/runs/pets: 20 rows, seed 7.
    Done. 20 rows: 20 accepted.
    No requests, <time>.
      runs/pets/data/train-00000-of-00001.parquet  20 rows
      animal  sampler (string), 3 different
              dog 45 %, frog 35 %, cat 20 %
      age     sampler (int64), 7 different
              8 25 %, 6 20 %, 2 20 %, 7 15 %, 5 10 %, 3 5.0 %, 4 5.0 %
      line    expression (string), 14 different
              █▁▁▁▁▁▁▁▁▁▁▅  17 … 17 … 18 characters
      Report: runs/pets/report.html
    "
  `)
  expect(await recordsOf(desk, 'runs', 'pets')).toHaveLength(20)
})

test('the same command again finds all made, and a larger target continues', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await desk.run(['create', 'pets.json', '-n', '5', '--seed', '7', '--resume'])
  const before = await recordsOf(desk, 'runs', 'pets')

  const again = await desk.run(['create', 'pets.json', '--resume'])
  const larger = await desk.run(['create', 'pets.json', '-n', '8', '--json'])

  expect(again.code, again.stderr).toBe(0)
  expect(desk.plain(again.stderr)).toMatchInlineSnapshot(`
    "The run in <desk>/runs/pets has all of its 5 rows.
    Done. 5 rows: 5 accepted.
    No requests; <time> in this session.
      runs/pets/data/train-00000-of-00001.parquet  5 rows
      animal  sampler (string), 2 different
              dog 60 %, frog 40 %, cat 0 %
      age     sampler (int64), 4 different
              8 40 %, 7 20 %, 2 20 %, 5 20 %
      line    expression (string), all different
              17 … 17 … 18 characters
      Report: runs/pets/report.html
    "
  `)
  expect(rowsOf(larger)).toMatchObject({ requested: 8, accepted: 8 })
  const after = await recordsOf(desk, 'runs', 'pets')
  expect(after.slice(0, 5)).toEqual(before)
  expect(after).toHaveLength(8)
})

test('--shrink makes the dataset smaller, and extending it again brings the rows back', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await desk.run(['create', 'pets.json', '-n', '9', '--seed', '7'])
  const before = await recordsOf(desk, 'runs', 'pets')

  const shrunk = await desk.run(['create', 'pets.json', '-n', '4', '--shrink', '--json'])

  expect(rowsOf(shrunk)).toMatchObject({ requested: 4, accepted: 4 })
  expect(await recordsOf(desk, 'runs', 'pets')).toEqual(before.slice(0, 4))

  const extended = await desk.run(['create', 'pets.json', '-n', '9', '--json'])

  expect(rowsOf(extended)).toMatchObject({ requested: 9, accepted: 9 })
  expect(await recordsOf(desk, 'runs', 'pets')).toEqual(before)
})

test('--fresh makes a new folder in addition to, --out puts the run where it says', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  const first = await desk.run(['create', 'pets.json', '--json'])
  const fresh = await desk.run(['create', 'pets.json', '--fresh', '--json'])
  const third = await desk.run(['create', 'pets.json', '--fresh', '--json'])
  const elsewhere = await desk.run(['create', 'pets.json', '--out', 'deep/er', '--json'])

  expect([first, fresh, third, elsewhere].map((ended) => jsonOf(ended)['dir'])).toEqual([
    desk.path('runs', 'pets'),
    desk.path('runs', 'pets-2'),
    desk.path('runs', 'pets-3'),
    desk.path('deep', 'er'),
  ])
})

test('rows and seed of the config hold, and the command line goes before them', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', { ...pets, rows: 6, seed: 11 })
  await desk.write('plain.json', pets)
  await desk.run(['create', 'pets.json'])
  await desk.run(['create', 'plain.json', '-n', '6', '--seed', '11'])
  await desk.run(['create', 'pets.json', '--out', 'other', '-n', '2', '--seed', '12'])

  const records = await recordsOf(desk, 'runs', 'pets')
  expect(records).toHaveLength(6)
  expect(await recordsOf(desk, 'runs', 'plain')).toEqual(records)
  const other = await recordsOf(desk, 'other')
  expect(other).toHaveLength(2)
  expect(other).not.toEqual(records.slice(0, 2))
})

test('a run whose creation was cut short is begun again', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await mkdir(desk.path('runs', 'pets'), { recursive: true })
  await desk.write('runs/pets/lock', '')
  // As a full disk leaves it: SQLite's own header, and nothing of a run.
  const ledger = new DatabaseSync(desk.path('runs', 'pets', 'ledger.sqlite'))
  ledger.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL')
  ledger.close()

  const ended = await desk.run(['create', 'pets.json', '-n', '5', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(rowsOf(ended).accepted).toBe(5)
})

test('a dataset of no rows is complete', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)

  const ended = await desk.run(['create', 'pets.json', '-n', '0', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(rowsOf(ended)).toMatchObject({ requested: 0, accepted: 0 })
})

test('dropped rows give exit code 3 and are made again with --retry-failed', async () => {
  await using desk = await createDesk()
  let broken = true
  await using server = await createModelServer({
    script: ({ number }) => (broken && number % 5 === 3 ? { status: 400, error: 'no' } : {}),
  })
  await desk.write('tales.json', stories({ url: server.url }))

  const ended = await desk.run(['create', 'tales.json', '-n', '12', '--seed', '1', '--json'])

  expect(ended.code, ended.stderr).toBe(3)
  const rows = rowsOf(ended)
  expect(rows.dropped).toBeGreaterThan(0)
  expect(rows.accepted + rows.dropped).toBe(12)
  expect(ended.stderr).toContain(
    `  story, bad-request: ${rows.dropped} cells failed, their rows are dropped\n`,
  )
  expect(ended.stderr).toContain(
    'To make the dropped rows again: rowsmith create tales.json -n 12 --seed 1 --retry-failed\n',
  )

  broken = false
  const before = server.counts.requests
  const retried = await desk.run(['create', 'tales.json', '--retry-failed', '--json'])

  expect(retried.code, retried.stderr).toBe(0)
  expect(rowsOf(retried)).toMatchObject({ requested: 12, accepted: 12, dropped: 0 })
  // Requests of both sessions, the time of one.
  expect(desk.plain(retried.stderr)).toMatch(
    new RegExp(`^${12 + rows.dropped} requests, .* out in all; <time> in this session\\.$`, 'm'),
  )
  // One more asks whether the model is there.
  expect(server.counts.requests - before).toBe(rows.dropped + 1)
  expect(await recordsOf(desk, 'runs', 'tales')).toHaveLength(12)
})

test('a column may leave a null where its cell failed', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number === 3 ? { status: 400, error: 'no' } : {}),
  })
  const config = stories({ url: server.url }) as { columns: object[] }
  config.columns[1] = { ...config.columns[1], on_failure: 'null' }
  await desk.write('tales.json', config)

  const ended = await desk.run(['create', 'tales.json', '-n', '6', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(rowsOf(ended)).toMatchObject({ accepted: 5, nullKept: 1, dropped: 0 })
})

test('a run config file says how the run is driven', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await desk.write('run.yaml', 'buffer_size: 2\npart_rows: 4\n')

  const ended = await desk.run(['create', 'pets.json', '-n', '10', '--run-config', 'run.yaml'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(await readdir(desk.path('runs', 'pets', 'parts'))).toHaveLength(3)
})

test('providers may stand in a separate file', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const { model_providers, ...config } = stories({ url: server.url }) as {
    model_providers: object[]
  }
  await desk.write('tales.json', config)
  await desk.write('providers.yaml', JSON.stringify({ providers: model_providers }))

  const ended = await desk.run([
    'create',
    'tales.json',
    '-n',
    '2',
    '--providers',
    'providers.yaml',
    '--json',
  ])

  expect(ended.code, ended.stderr).toBe(0)
  expect(jsonOf(ended)).toMatchObject({ rows: { accepted: 2 }, requests: 2 })
})
