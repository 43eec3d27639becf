import { execFileSync, spawn } from 'node:child_process'
import { lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
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

  const run = (to: string): Promise<Ended> => desk.run(['export', 'runs/pets', '--to', to])
  const [dash, link, pipe] = [await run('-'), await run('latest.jsonl'), await run('pipe.jsonl')]
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
  ['data.xlsx', 'Give a file name ending in .jsonl, .ndjson, .csv, a folder for Parquet'],
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
