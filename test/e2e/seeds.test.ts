import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { open } from '../../src/run/open-dataset.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, jsonOf, type Desk } from './command.ts'
import { stories } from './configs.ts'

const people = [
  { name: 'Ada', born: 1815 },
  { name: 'Ben', born: 1900 },
  { name: 'Cleo', born: 1987 },
]

const files: Record<string, string | (() => Promise<Uint8Array>)> = {
  'people.csv': ['name,born', ...people.map(({ name, born }) => `${name},${born}`), ''].join('\n'),
  'people.jsonl': people.map((person) => `${JSON.stringify(person)}\n`).join(''),
  'people.parquet': async () => {
    const writer = new ByteWriter()
    await parquetWrite({
      writer,
      columnData: [
        { name: 'name', data: people.map(({ name }) => name), type: 'STRING' },
        { name: 'born', data: people.map(({ born }) => born), type: 'INT32' },
      ],
    })
    return writer.getBytes()
  },
}

function greetings(path: string): object {
  return {
    seed_config: { source: { seed_type: 'local', path } },
    columns: [
      { name: 'greeting', column_type: 'expression', expr: 'Dear {{ name }} of {{ born }}' },
    ],
  }
}

async function recordsOf(desk: Desk, ...folder: string[]): Promise<Record<string, unknown>[]> {
  await using dataset = await open(desk.path(...folder))
  const records: Record<string, unknown>[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

describe.each(Object.entries(files))('%s', (name, content) => {
  test('gives its rows in order and begins again at its end', async () => {
    await using desk = await createDesk()
    await writeFile(desk.path(name), typeof content === 'string' ? content : await content())
    await desk.write('letters.json', greetings(name))

    const ended = await desk.run(['create', 'letters.json', '-n', '5'])

    expect(ended.code, ended.stderr).toBe(0)
    const records = await recordsOf(desk, 'runs', 'letters')
    expect(records.map((record) => record['name'])).toEqual(['Ada', 'Ben', 'Cleo', 'Ada', 'Ben'])
    expect(records.map((record) => Number(record['born']))).toEqual([1815, 1900, 1987, 1815, 1900])
    expect(records.map((record) => record['greeting'])).toEqual([
      'Dear Ada of 1815',
      'Dear Ben of 1900',
      'Dear Cleo of 1987',
      'Dear Ada of 1815',
      'Dear Ben of 1900',
    ])
  })
})

test('a run continues from its own copy when the seed file is missing', async () => {
  await using desk = await createDesk()
  await desk.write('people.csv', String(files['people.csv']))
  await desk.write('letters.json', greetings('people.csv'))
  await desk.run(['create', 'letters.json', '-n', '2'])
  await rm(desk.path('people.csv'))

  const ended = await desk.run(['create', 'letters.json', '-n', '7', '--json'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(jsonOf(ended)).toMatchObject({ rows: { accepted: 7 } })
  const records = await recordsOf(desk, 'runs', 'letters')
  expect(records.map((record) => record['name'])).toEqual([
    'Ada',
    'Ben',
    'Cleo',
    'Ada',
    'Ben',
    'Cleo',
    'Ada',
  ])
})

test('an interrupted run is exported without its seed file', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number > 2 ? { status: 401 } : {}),
  })
  await desk.write('people.jsonl', String(files['people.jsonl']))
  await desk.write('tales.json', {
    ...stories({
      url: server.url,
      columns: [{ name: 'title', column_type: 'expression', expr: '{{ name }}: {{ story }}' }],
    }),
    seed_config: { source: { seed_type: 'local', path: 'people.jsonl' } },
  })
  const stopped = await desk.run(['create', 'tales.json', '-n', '6'])
  expect(stopped.code, stopped.stderr).toBe(4)
  await rm(desk.path('people.jsonl'))
  await rm(desk.path('tales.json'))

  const exported = await desk.run(['export', 'runs/tales', '--to', 'tales.csv', '--json'])

  expect(exported.code, exported.stderr).toBe(0)
  expect(jsonOf(exported)).toMatchObject({ files: [{ rows: 2 }] })
})

test('a seed file that is not there is refused with what is', async () => {
  await using desk = await createDesk()
  await desk.write('people.csv', String(files['people.csv']))
  await desk.write('letters.json', greetings('poeple.csv'))

  const ended = await desk.run(['create', 'letters.json'])

  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "letters.json:1:54  seed_config.source.path
      The seed can't be used: there is no file <desk>/poeple.csv
        Did you mean <desk>/people.csv?

    1 problem
    "
  `)
})

test('a column of the seed that is not there is refused with what is', async () => {
  await using desk = await createDesk()
  await desk.write('people.csv', 'nane,born\nAda,1815\n')
  await desk.write('letters.json', greetings('people.csv'))

  const ended = await desk.run(['validate', 'letters.json'])

  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "letters.json:1:142  columns[0].expr
      Column 'greeting' refers to 'name', which is not a column
        got       name
        Did you mean 'nane'?

    1 problem
    "
  `)
})

test('one byte more, and a run is not gone on with; a file that was only touched does not matter', async () => {
  await using desk = await createDesk()
  await desk.write('people.csv', String(files['people.csv']))
  await desk.write('letters.json', greetings('people.csv'))
  await desk.run(['create', 'letters.json', '-n', '2'])
  await utimes(desk.path('people.csv'), 1, 1)
  const touched = await desk.run(['create', 'letters.json', '-n', '3', '--json'])
  expect(touched.code, touched.stderr).toBe(0)
  expect(jsonOf(touched)).toMatchObject({ rows: { accepted: 3 } })

  await desk.write('people.csv', String(files['people.csv']).replace('1815', '1816'))
  const changed = await desk.run(['create', 'letters.json', '-n', '4'])

  expect(changed).toMatchObject({ code: 2, stdout: '' })
  expect(changed.stderr.replaceAll(/\b[0-9a-f]{12}\b/g, '<hash>')).toMatchInlineSnapshot(`
    "rowsmith: the config is not the one this run was made with:
      seed_config.source
        - content <hash>…
        + content <hash>…
    The effect:
      to make  greeting (reads name): 4 cells, free
      to make  name (changed): 4 cells, free
      to make  born (changed): 4 cells, free
      in all   12 cells in 4 rows, no request
      Add --edit to continue with it. Replaced cells are kept: changing it back costs nothing.
      Restore the old config, or start a new run next to this one with --fresh.
    "
  `)
  const [before, now] = changed.stderr.match(/\b[0-9a-f]{12}\b/g) ?? []
  expect(before).not.toBe(now)
})

test('files of a pattern are one seed, compressed ones too, and a run goes on after they moved', async () => {
  await using desk = await createDesk()
  await mkdir(desk.path('people'))
  await desk.write('people/1.csv', 'name,born\nAda,1815\n')
  await writeFile(desk.path('people/2.csv.gz'), gzipSync('born,name\n1900,Ben\n1987,Cleo\n'))
  await desk.write('letters.json', greetings('people/*'))

  const ended = await desk.run(['create', 'letters.json', '-n', '4'])

  expect(ended.code, ended.stderr).toBe(0)
  const names = async () =>
    (await recordsOf(desk, 'runs', 'letters')).map((record) => record['greeting'])
  const greeted = ['Dear Ada of 1815', 'Dear Ben of 1900', 'Dear Cleo of 1987', 'Dear Ada of 1815']
  expect(await names()).toEqual(greeted)
  await desk.write('people/2.csv', 'born,name\n1900,Ben\n1987,Cleo\n')
  await rm(desk.path('people/2.csv.gz'))
  const again = await desk.run(['create', 'letters.json', '-n', '5'])
  expect(again.code, again.stderr).toBe(0)
  expect(await names()).toEqual([...greeted, 'Dear Ben of 1900'])
})

test('a pattern without files is refused with what is there', async () => {
  await using desk = await createDesk()
  await desk.write('people.csv', String(files['people.csv']))
  await desk.write('letters.json', greetings('poeple*.csv'))

  const ended = await desk.run(['validate', 'letters.json'])

  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "letters.json:1:54  seed_config.source.path
      The seed can't be used: no file matches <desk>/poeple*.csv
        Did you mean <desk>/people.csv?

    1 problem
    "
  `)
})

test('a run cut off while its seed was copied copies it again', async () => {
  await using desk = await createDesk()
  await desk.write('people.csv', String(files['people.csv']))
  await desk.write('letters.json', greetings('people.csv'))
  await desk.run(['create', 'letters.json', '-n', '2'])
  // As it is when the process ends before the description was written.
  await rm(desk.path('runs', 'letters', 'seed', 'seed.json'))
  await writeFile(desk.path('runs', 'letters', 'seed', 'rows.bin'), '["A')

  const ended = await desk.run(['create', 'letters.json', '-n', '5'])

  expect(ended.code, ended.stderr).toBe(0)
  const records = await recordsOf(desk, 'runs', 'letters')
  expect(records.map((record) => record['name'])).toEqual(['Ada', 'Ben', 'Cleo', 'Ada', 'Ben'])
})
