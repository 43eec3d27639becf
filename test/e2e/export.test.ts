import { execFileSync, spawn } from 'node:child_process'
import { lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { text } from 'node:stream/consumers'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { create, open } from '../../src/index.ts'
import { decompressors } from '../../src/store/parquet-codec.ts'
import { createDesk, type Desk, type Ended } from './command.ts'
import { pets } from './configs.ts'

async function deskWithPets(): Promise<Desk> {
  const desk = await createDesk()
  await desk.write('pets.json', pets)
  const { code, stderr } = await desk.run(['create', 'pets.json', '-n', '4', '--seed', '7'])
  expect(code, stderr).toBe(0)
  return desk
}

test('an export goes to stdout, and into what a link or a pipe leads to', async () => {
  await using desk = await deskWithPets()
  await mkdir(desk.path('real'))
  await writeFile(desk.path('real', 'pets.jsonl'), 'old')
  await symlink('real/pets.jsonl', desk.path('latest.jsonl'))
  await symlink('/proc/self/fd/1', desk.path('out.jsonl'))
  execFileSync('mkfifo', [desk.path('pipe.jsonl')])
  const reader = spawn('cat', [desk.path('pipe.jsonl')])
  const throughPipe = text(reader.stdout)

  const run = (to: string, ...more: string[]): Promise<Ended> =>
    desk.run(['export', 'runs/pets', '--to', to, ...more])
  const refused = await run('latest.jsonl')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('latest.jsonl exists, and the export would replace it')
  expect(await desk.read('real/pets.jsonl')).toBe('old')
  const [dash, link, pipe] = [
    await run('-'),
    await run('latest.jsonl', '--force'),
    await run('pipe.jsonl'),
  ]
  const device = await run('out.jsonl')

  expect([dash, link, pipe, device].map(({ code }) => code)).toEqual([0, 0, 0, 0])
  const records = dash.stdout
  expect(records.trim().split('\n')).toHaveLength(4)
  expect(dash.stderr).toBe('stdout  4 rows\n')
  expect(device.stdout).toBe(records)
  expect(await throughPipe).toBe(records)
  expect(await desk.read('real/pets.jsonl')).toBe(records)
  expect(await readlink(desk.path('latest.jsonl'))).toBe('real/pets.jsonl')
  expect(await readlink(desk.path('out.jsonl'))).toBe('/proc/self/fd/1')
  expect((await lstat(desk.path('pipe.jsonl'))).isFIFO()).toBe(true)

  const csv = await desk.run(['export', 'runs/pets', '--to', '-', '--format', 'csv'])
  expect(csv.stdout.split('\n')[0]).toBe('animal,age,line')
  const both = await desk.run(['export', 'runs/pets', '--to', '-', '--json'])
  expect(both.code).toBe(2)
  expect(both.stderr).toContain('the rows and --json would both be printed on stdout')
  expect(await readdir(desk.directory)).not.toContain('-')
})

test.each([
  ['data.json', 'Did you mean .jsonl?'],
  ['data.jsonl.gz', 'Did you mean .jsonl?'],
  [
    'data.xlsx',
    'Give a file name ending in .jsonl, .ndjson, .csv, .arrow, .feather, .arrows, .parquet, a folder',
  ],
  ['data.7z', 'Give a file name ending in'],
])('an export to %s is refused', async (to, hint) => {
  await using desk = await deskWithPets()
  const ended = await desk.run(['export', 'runs/pets', '--to', to])
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain(`${to} ends in ${extname(to)}, which names no export format`)
  expect(ended.stderr).toContain(hint)
  expect(await readdir(desk.directory)).not.toContain(to)
})

test('a folder of any name is exported into where it is said to be one', async () => {
  await using desk = await deskWithPets()
  await mkdir(desk.path('there.data'))
  await mkdir(desk.path('far'))
  await symlink('far', desk.path('near'))
  for (const to of ['v1.2', 'new.data/', 'there.data', 'near']) {
    const ended = await desk.run(['export', 'runs/pets', '--to', to])
    expect([ended.code, await readdir(desk.path(to))]).toEqual([
      0,
      ['train-00000-of-00001.parquet'],
    ])
  }
  expect(await readdir(desk.path('far'))).toEqual(['train-00000-of-00001.parquet'])
})

/** Names that plain objects have for themselves. */
const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'valueOf']

const seedRow = `{${odd.map((name, at) => `${JSON.stringify(name)}:${at}`).join()},"a":1}`

test.each([
  [
    'of a seed',
    'seed_config: { source: { seed_type: local, path: seed.jsonl } }\n' +
      'columns:\n  - { name: line, column_type: expression, expr: "{{ __proto__ }}, {{ length }}" }\n',
    seedRow.replace('"length":4,', '"length":4,"line":"0, 4",'),
  ],
  [
    'drawn',
    `columns:\n${odd
      .map(
        (name) =>
          `  - { name: ${name}, column_type: sampler, sampler_type: category, params: { values: [x] } }\n`,
      )
      .join('')}`,
    `{${odd.map((name) => `${JSON.stringify(name)}:"x"`).join()}}`,
  ],
  [
    'made of others',
    'columns:\n  - { name: __proto__, column_type: expression, expr: "p" }\n' +
      '  - { name: line, column_type: expression, expr: "{{ __proto__ }}" }\n',
    '{"__proto__":"p","line":"p"}',
  ],
])('columns %s may have the names that objects have for themselves', async (_what, config, row) => {
  await using desk = await createDesk()
  await desk.write('seed.jsonl', `${seedRow}\n`)
  await desk.write('config.yaml', config)
  const run = async (...parameters: string[]): Promise<string> => {
    const ended = await desk.run(parameters)
    expect(ended.code, ended.stderr).toBe(0)
    return ended.stdout.trim()
  }
  await run('validate', 'config.yaml')
  const shown = await run('preview', 'config.yaml', '-n', '1', '--json')
  await run('create', 'config.yaml', '-n', '1', '--out', 'made')
  await run('report', 'made', '--json')
  expect(await run('export', 'made', '--to', '-')).toBe(row)
  expect(JSON.stringify(JSON.parse(shown))).toBe(`[${row}]`)
})

test.each([
  ['of parts', []],
  ['of a pass', [{ name: 'mixed', processor_type: 'shuffle' }]],
])('Parquet files %s become one where a name asks for one', async (_what, processors) => {
  await using desk = await createDesk()
  const [out, target] = [desk.path('run'), desk.path('new', 'all.parquet')]
  const config = { ...pets, processors }
  const runConfig = { buffer_size: 10, part_rows: 20 }
  await create({ config: { config }, rows: 70, seed: 1n, out, runConfig })
  await using dataset = await open(out)
  const wanted = await Array.fromAsync(dataset.records())

  expect(await dataset.export({ to: target })).toEqual([{ path: target, rows: 70 }])

  const records = await parquetReadObjects({
    file: await asyncBufferFromFile(target),
    compressors: decompressors,
  })
  expect(records.map((record) => ({ ...record, age: Number(record['age']) }))).toEqual(wanted)
  expect(await readdir(desk.path('new'))).toEqual(['all.parquet'])
  expect((await readdir(out)).filter((name) => name.includes('joining'))).toEqual([])
  const again = dataset.export({ to: target })
  await expect(again).rejects.toMatchObject({ code: 'folder-foreign' })
  expect(await dataset.export({ to: target, force: true })).toEqual([{ path: target, rows: 70 }])
  await expect(dataset.export({ to: desk.path('a.parquet'), splitBy: 'animal' })).rejects.toThrow(
    'a split dataset is several files',
  )
})

test('files of others in the way are reported before anything is written', async () => {
  await using desk = await createDesk()
  const out = desk.path('run')
  await create({ config: { config: pets }, rows: 5, seed: 1n, out })
  await using dataset = await open(out)
  await mkdir(desk.path('split'))
  await writeFile(desk.path('split', 'dog.jsonl'), 'mine')
  await mkdir(desk.path('folder'))
  await writeFile(desk.path('folder', 'train-00000-of-00001.parquet'), 'mine')
  const split = { to: desk.path('split'), splitBy: 'animal', format: 'jsonl' }

  for (const how of [split, { to: desk.path('folder') }]) {
    await expect(dataset.export(how)).rejects.toMatchObject({ code: 'folder-foreign' })
  }
  expect(await readdir(desk.path('split'))).toEqual(['dog.jsonl'])
  expect(await desk.read('folder/train-00000-of-00001.parquet')).toBe('mine')

  await dataset.export({ ...split, force: true })
  const [file] = await dataset.export({ to: desk.path('folder'), force: true })
  expect(await desk.read('split/dog.jsonl')).toContain('"animal":"dog"')
  expect(file?.rows).toBe(5)
})
