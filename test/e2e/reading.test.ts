import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, readlink, rm, symlink } from 'node:fs/promises'
import { zstdDecompressSync } from 'node:zlib'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { open } from '../../src/run/open-dataset.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { baseEnvironment, createDesk, jsonOf, program, type Desk } from './command.ts'
import { pets, stories } from './configs.ts'

async function deskWithPets(): Promise<Desk> {
  const desk = await createDesk()
  await desk.write('pets.json', pets)
  const { code, stderr } = await desk.run(['create', 'pets.json', '-n', '4', '--seed', '7'])
  expect(code, stderr).toBe(0)
  return desk
}

/** What `show` says without what differs from one run of the test to the next. */
function plainShow(desk: Desk, text: string): string {
  return desk
    .plain(text)
    .replaceAll(/[\d.]+ k?B\b/g, '<bytes>')
    .replaceAll(/\d{4}-\d\d-\d\d [\d:]{8} UTC/g, '<instant>')
}

test('preview shows records and leaves nothing behind', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)

  const ended = await desk.run(['preview', 'pets.json', '-n', '2', '--seed', '7'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout).toMatchInlineSnapshot(`
    "── record 1 of 2 · row 0 ───────────────────────────────────────────────────────
    animal  frog
    age     2
    line    A frog of 2 years.
    ── record 2 of 2 · row 1 ───────────────────────────────────────────────────────
    animal  dog
    age     8
    line    A dog of 8 years.
    "
  `)
  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "2 rows: 2 accepted. No requests, <time>.
    "
  `)
  expect(await readdir(desk.directory)).toEqual(['pets.json'])
})

test('preview --json prints the records of the run with the same seed', async () => {
  await using desk = await deskWithPets()
  const ended = await desk.run(['preview', 'pets.json', '--seed', '7', '--json'])
  await desk.run(['export', 'runs/pets', '--to', 'pets.jsonl'])

  const lines = (await readFile(desk.path('pets.jsonl'), 'utf8')).trim().split('\n')
  expect(JSON.parse(ended.stdout)).toEqual(lines.slice(0, 3).map((line) => JSON.parse(line)))
})

test('preview of model columns wraps long texts', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: () => ({ text: `${'word '.repeat(30)}\nand another line` }),
  })
  await desk.write('tales.json', stories({ url: server.url }))

  const ended = await desk.run(['preview', 'tales.json', '-n', '1', '--seed', '1'])

  expect(ended.code, ended.stderr).toBe(0)
  expect(ended.stdout).toMatchInlineSnapshot(`
    "── record 1 of 1 · row 0 ───────────────────────────────────────────────────────
    number  226880
    story   word word word word word word word word word word word word word word
            word word word word word word word word word word word word word word
            word word 
            and another line
    "
  `)
  // The cache folder of the user has figures of what it used.
  expect(await readdir(desk.directory)).toEqual(['.cache', 'tales.json'])
})

test('a preview whose rows fail says why and exits with 3', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number === 0 ? {} : { status: 400, error: 'too rude' }),
  })
  await desk.write('tales.json', stories({ url: server.url }))

  const ended = await desk.run(['preview', 'tales.json', '-n', '2'])

  expect(ended).toMatchObject({ code: 3, stdout: '' })
  expect(desk.plain(ended.stderr).replaceAll(/\brow \d/gi, 'row <n>')).toMatchInlineSnapshot(`
    "row <n>: column story failed and drops its row: bad-request: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 400 ("too rude"). The endpoint does not take this request: check the inference parameters and "extra_body".
      story, bad-request: 2 cells failed, their rows are dropped
        row <n>: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 400 ("too rude"). The endpoint does not take this request: check the inference parameters and "extra_body".
    2 rows: 2 dropped. 2 requests, <time>.
    "
  `)
})

test('a reader that goes away ends the command without a word', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  const child = spawn(process.execPath, [program, 'preview', 'pets.json', '-n', '2000'], {
    cwd: desk.directory,
    env: baseEnvironment(desk.directory),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await once(child, 'close')

  expect(stderr).not.toContain('EPIPE')
  expect({ code: child.exitCode, signal: child.signalCode }, stderr).toEqual({
    code: 0,
    signal: null,
  })
  expect(await readdir(desk.directory)).toEqual(['pets.json'])
})

test('show tells of a complete run', async () => {
  await using desk = await deskWithPets()

  const shown = await desk.run(['show', 'runs/pets'])

  expect(shown).toMatchObject({ code: 0, stderr: '' })
  expect(plainShow(desk, shown.stdout)).toMatchInlineSnapshot(`
    "pets  runs/pets

    Contents
      4 records in 1 file, <bytes>
        runs/pets/data/train-00000-of-00001.parquet  4 rows, <bytes>
      3 columns; seed 7
        animal (string), age (int64), line (string)
      1 part beside them, <bytes>

    Progress
      ████████████████████████████████████████ 100 %  4 of 4 rows decided
        4 accepted

    Cost
      no requests
      <time> in 1 session
        1: <instant>, <time>

    Next steps
      export as JSON Lines  rowsmith export runs/pets --to runs/pets.jsonl
      show statistics       rowsmith report runs/pets
    "
  `)
  expect(jsonOf(await desk.run(['show', 'runs/pets', '--json']))).toMatchObject({
    dir: desk.path('runs', 'pets'),
    name: 'pets',
    seed: '7',
    rows: { requested: 4, accepted: 4, remaining: 0 },
    files: [{ rows: 4 }],
    holder: null,
  })
})

test('show tells of a run that works, was killed, and has failures', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => {
      if (number === 3) return { status: 400, error: 'too rude' }
      return number > 8 ? { hang: true } : {}
    },
  })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.write('run.yaml', 'buffer_size: 2\npart_rows: 4\n')
  const running = desk.start([
    'create',
    'tales.json',
    '-n',
    '20',
    '--seed',
    '7',
    '--run-config',
    'run.yaml',
  ])
  while (server.counts.inFlight < 4) await new Promise((resolve) => setTimeout(resolve, 5))
  // Both parts of the eight rows are on disk within a moment.
  let working = await desk.run(['show', 'runs/tales'])
  while (!working.stdout.includes('2 parts,')) {
    working = await desk.run(['show', 'runs/tales'])
  }

  expect(working).toMatchObject({ code: 0, stderr: '' })
  expect(working.stdout).toContain(`Process ${running.child.pid} on `)

  running.child.kill('SIGKILL')
  await running.ended
  const killed = await desk.run(['show', 'runs/tales'])

  expect(plainShow(desk, killed.stdout).replaceAll(/\d+ tokens|\d+ out|row \d+/g, '<n>'))
    .toMatchInlineSnapshot(`
      "tales  runs/tales

      Contents
        no final dataset yet; 7 records in 2 parts, <bytes>
        2 columns; seed 7
          number (int64), story (string)

      Progress
        ████████████████░░░░░░░░░░░░░░░░░░░░░░░░ 40 %  8 of 20 rows decided
           7 accepted
           1 dropped
          12 remaining

      Failures
        story, bad-request: 1 cell failed, its row is dropped
          <n>: Provider "local" (http://127.0.0.1:<port>/v1), model "test", answered 400 ("too rude"). The endpoint does not take this request: check the inference parameters and "extra_body".

      Cost
        8 requests: 7 answered, 0 × 429, 1 failed
        <n> in, <n>
          writer  7 answers, 0 × 429, 1 failed; <n> in, <n>
        1 session that was killed: how long is not known
          1: <instant>, killed

      Next steps
        continue                 rowsmith create tales.json -n 20 --seed 7 --run-config run.yaml
        export the decided rows  rowsmith export runs/tales
        show statistics          rowsmith report runs/tales
      "
    `)
})

test('export writes Parquet, JSON Lines and CSV', async () => {
  await using desk = await deskWithPets()

  const parquet = await desk.run(['export', 'runs/pets', '--to', 'out'])
  const lines = await desk.run(['export', 'runs/pets', '--to', 'deep/er/pets.jsonl', '--json'])
  const table = await desk.run(['export', 'runs/pets', '--to', 'pets.csv'])
  const again = await desk.run(['export', 'runs/pets', '--to', 'pets.csv', '--force'])

  expect([parquet, lines, table, again].map(({ code }) => code)).toEqual([0, 0, 0, 0])
  expect(parquet.stderr).toBe('out/train-00000-of-00001.parquet  4 rows\n')
  expect(jsonOf(lines)).toEqual({
    dir: desk.path('runs', 'pets'),
    files: [{ path: desk.path('deep', 'er', 'pets.jsonl'), rows: 4 }],
  })
  expect(table.stderr).toBe('pets.csv  4 rows\n')
  const records = (await readFile(desk.path('deep/er/pets.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const csv = (await readFile(desk.path('pets.csv'), 'utf8')).trim().split('\n')
  expect(csv).toEqual([
    'animal,age,line',
    ...records.map(({ animal, age, line }) => [animal, age, line].join(',')),
  ])
  const file = await asyncBufferFromFile(desk.path('out/train-00000-of-00001.parquet'))
  const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) }
  const stored = await parquetReadObjects({ file, compressors })
  expect(stored.map((record) => ({ ...record, age: Number(record['age']) }))).toEqual(records)
  expect(
    (await readdir(desk.path('runs', 'pets'))).filter((name) => name.includes('export')),
  ).toEqual([])

  // What was taken elsewhere is not part of the run's own dataset.
  await using dataset = await open(desk.path('runs', 'pets'))
  const own = []
  for await (const record of dataset.records()) own.push(record)
  expect(own).toEqual(records)
  const { files } = await dataset.summary()
  expect(files).toEqual([
    {
      path: desk.path('runs', 'pets', 'data', 'train-00000-of-00001.parquet'),
      rows: 4,
      bytes: 505,
    },
  ])
})

test('an export for which the disk has no room says so and leaves the run as it was', async () => {
  await using desk = await deskWithPets()
  // A device of Linux on which every write finds no space left.
  await symlink('/dev/full', desk.path('pets.jsonl'))

  const ended = await desk.run(['export', 'runs/pets', '--to', 'pets.jsonl'])

  expect(desk.plain(ended.stderr)).toMatchInlineSnapshot(`
    "rowsmith: writing <desk>/pets.jsonl: ENOSPC: no space left on device, write
      Free space on the disk of the run folder and run it again.
    "
  `)
  expect(ended.code).toBe(4)
  expect(await readlink(desk.path('pets.jsonl'))).toBe('/dev/full')
  await rm(desk.path('pets.jsonl'))
  const again = await desk.run(['export', 'runs/pets', '--to', 'pets.jsonl'])
  expect(again.stderr).toBe('pets.jsonl  4 rows\n')
})

test('help says what there is, with an example for every command', async () => {
  await using desk = await createDesk()

  const all = await desk.run(['--help'])
  const none = await desk.run([])
  expect(all).toMatchObject({ code: 0, stderr: '' })
  expect(none).toEqual({ code: 2, stdout: '', stderr: all.stdout })
  for (const name of ['create', 'preview', 'validate', 'show', 'export']) {
    const { code, stdout } = await desk.run([name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`\nExample:\n  rowsmith ${name} `)
  }
  const { version } = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  expect(await desk.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})
