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

test('columns may have the names that objects have for themselves', async () => {
  await using desk = await createDesk()
  const seedRow = `{${odd.map((name, at) => `${JSON.stringify(name)}:${at}`).join()},"a":1}\n`
  await desk.write('seed.jsonl', seedRow)
  const sampler = (name: string): string =>
    `  - { name: ${name}, column_type: sampler, sampler_type: category, params: { values: [x] } }\n`
  await desk.write(
    'seeded.yaml',
    'seed_config: { source: { seed_type: local, path: seed.jsonl } }\n' +
      'columns:\n  - { name: line, column_type: expression, expr: "{{ __proto__ }}, {{ length }}" }\n',
  )
  await desk.write('drawn.yaml', `columns:\n${odd.map(sampler).join('')}`)
  await desk.write(
    'made.yaml',
    'columns:\n  - { name: __proto__, column_type: expression, expr: "p" }\n' +
      '  - { name: line, column_type: expression, expr: "{{ __proto__ }}" }\n',
  )
  const records: Record<string, unknown> = {}
  for (const name of ['seeded', 'drawn', 'made']) {
    const validated = await desk.run(['validate', `${name}.yaml`])
    expect(validated.code, validated.stderr).toBe(0)
    const shown = await desk.run(['preview', `${name}.yaml`, '-n', '1', '--json'])
    expect(shown.code, shown.stderr).toBe(0)
    const created = await desk.run(['create', `${name}.yaml`, '-n', '1', '--out', name])
    expect(created.code, created.stderr).toBe(0)
    for (const command of ['show', 'report'])
      expect((await desk.run([command, name, '--json'])).code).toBe(0)
    const exported = await desk.run(['export', name, '--to', '-'])
    expect(exported.code, exported.stderr).toBe(0)
    expect(JSON.stringify(JSON.parse(shown.stdout))).toBe(`[${exported.stdout.trim()}]`)
    records[name] = exported.stdout.trim()
  }
  expect(records).toEqual({
    seeded: seedRow.trim().replace('"length":4,', '"length":4,"line":"0, 4",'),
    drawn: `{${odd.map((name) => `${JSON.stringify(name)}:"x"`).join()}}`,
    made: '{"__proto__":"p","line":"p"}',
  })
})
