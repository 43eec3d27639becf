import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../util/clock.ts'
import { inspectStore } from './inspect-store.ts'
import { holdsRun } from './ledger-file.ts'
import type { RunSettings } from './run-settings.ts'
import { partContent } from '../../test/support/part-content.ts'
import { createStore, openStore } from './store.ts'

let root = ''
let folders = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rowsmith-open-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const options = { clock: systemClock }
const column = { name: 'a', type: 'string', fingerprint: 'f', material: '', drop: false } as const
const settings: RunSettings = {
  name: 'demo',
  seed: 1n,
  rows: 20,
  frameRows: 4,
  partRows: 8,
  config: '{}',
  seedIdentity: null,
  columns: [column],
}

/** A copy of a closed run with rows 8–12 and 14–16 decided. */
async function newRun(): Promise<string> {
  const template = join(root, 'template')
  made ??= makeRun(template)
  await made
  const folder = newFolder()
  cpSync(template, folder, { recursive: true })
  return folder
}

let made: Promise<void> | undefined

async function makeRun(folder: string): Promise<void> {
  await using store = await createStore(folder, settings, options)
  const rows = [8, 9, 10, 11, 14, 15]
  await store.writePart(partContent(['string'], { part: 1, rows, columns: [rows.map(String)] }))
}

function newFolder(): string {
  folders += 1
  return join(root, String(folders))
}

function damage(folder: string, sql: string): void {
  using database = new DatabaseSync(join(folder, 'ledger.sqlite'))
  database.exec(sql)
}

test('an opened run says what is decided', async () => {
  await using store = await openStore(await newRun(), options)
  expect(store.decided).toStrictEqual([
    { start: 8, end: 12 },
    { start: 14, end: 16 },
  ])
})

const damages: readonly [string, string, RegExp][] = [
  [
    'rows',
    "UPDATE meta SET value = '-3' WHERE key = 'rows'",
    /meta\.rows is "-3", expected a whole number from 0/,
  ],
  ['rows text', "UPDATE meta SET value = '12.5' WHERE key = 'rows'", /meta\.rows is "12\.5"/],
  [
    'part rows',
    "UPDATE meta SET value = '9' WHERE key = 'partRows'",
    /meta\.partRows is 9, expected a multiple of meta\.frameRows \(4\)/,
  ],
  [
    'frame rows',
    "UPDATE meta SET value = '0' WHERE key = 'frameRows'",
    /meta\.frameRows is "0", expected a whole number from 1/,
  ],
  ['seed', "UPDATE meta SET value = '99999999999999999999' WHERE key = 'seed'", /meta\.seed/],
  ['missing', "DELETE FROM meta WHERE key = 'config'", /meta\.config is missing/],
  [
    'column type',
    "UPDATE column_key SET type = 'decimal'",
    /column_key\.type is "decimal", expected one of string, int64/,
  ],
  [
    'column position',
    'UPDATE config_column SET position = 4',
    /config_column\.position is 4, expected 0/,
  ],
  [
    'part outside',
    "UPDATE part SET decided = '[[4,12]]'",
    /part 1: decided is "\[\[4,12\]\]", expected ascending \[start, end\] pairs that do not overlap, inside 8–16/,
  ],
  ['part overlap', "UPDATE part SET decided = '[[8,12],[11,16]]'", /part 1: decided/],
  [
    'part disagrees',
    "UPDATE part SET decided = '[[8,12]]'",
    /part 1: decided .* expected what the table decided has there/,
  ],
  [
    'decided overlap',
    'UPDATE decided SET end = 15 WHERE start = 8',
    /decided\.start is 14, expected more than the end before it, 15/,
  ],
  [
    'decided empty',
    'UPDATE decided SET end = 8 WHERE start = 8',
    /decided\.end is 8, expected more than its start 8/,
  ],
  [
    'intent',
    "INSERT INTO intent VALUES ('../thesis')",
    /intent\.path is "\.\.\/thesis", expected a part file/,
  ],
  ['version zero', 'PRAGMA user_version = 0', /user_version is 0/],
]

test.each(damages)(
  'a ledger with damaged %s is refused by the name of the field',
  async (_, sql, message) => {
    const folder = await newRun()
    damage(folder, sql)
    await expect(openStore(folder, options)).rejects.toMatchObject({
      code: 'ledger-corrupt',
      message: expect.stringMatching(message),
    })
  },
)

test('a file that is no database is refused', async () => {
  const folder = await newRun()
  writeFileSync(join(folder, 'ledger.sqlite'), 'x'.repeat(10_000))
  await expect(openStore(folder, options)).rejects.toMatchObject({ code: 'ledger-corrupt' })
  await expect(inspectStore(folder)).rejects.toMatchObject({ code: 'ledger-corrupt' })
})

test.each(['cell', 'exchange', 'config_column', 'profile', 'part_incomplete'])(
  'a ledger without %s is damaged, for whoever opens it',
  async (name) => {
    const folder = await newRun()
    damage(folder, `DROP ${name === 'part_incomplete' ? 'INDEX' : 'TABLE'} ${name}`)
    const refusal = {
      code: 'ledger-corrupt',
      message: `the ledger is damaged: table ${name} is missing, expected to be there`,
    }
    await expect(openStore(folder, options)).rejects.toMatchObject(refusal)
    await expect(inspectStore(folder)).rejects.toMatchObject(refusal)
    await expect(createStore(folder, settings, options)).rejects.toMatchObject(refusal)
  },
)

test('a ledger with other columns is damaged, and one of a development version is reported so', async () => {
  const other = await newRun()
  damage(other, 'ALTER TABLE cell DROP COLUMN value')
  await expect(openStore(other, options)).rejects.toThrow(
    'the ledger is damaged: table cell: columns is "row, column_key", expected row, column_key, value',
  )
  const older = await newRun()
  damage(older, 'CREATE TABLE run_column (position INTEGER PRIMARY KEY)')
  await expect(openStore(older, options)).rejects.toMatchObject({
    code: 'ledger-corrupt',
    message: expect.stringContaining('the layout of a development version'),
    hints: ['Start the run again in another folder: this layout was never released.'],
  })
})

/** Dies in the middle of the first transaction over an empty file, with pages of it on disk. */
const dyingCreation = `
  import { DatabaseSync } from 'node:sqlite'
  const database = new DatabaseSync(process.argv[1])
  database.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA cache_size = 1')
  database.exec('BEGIN; CREATE TABLE first (text TEXT)')
  for (let row = 0; row < 500; row += 1) {
    database.prepare('INSERT INTO first VALUES (?)').run('x'.repeat(1_000))
  }
  process.kill(process.pid, 'SIGKILL')
`

test('a creation that was killed while it wrote can be done again', async () => {
  const folder = newFolder()
  mkdirSync(folder)
  const ledger = join(folder, 'ledger.sqlite')
  const child = spawn(process.execPath, ['--input-type=module', '--eval', dyingCreation, ledger], {
    stdio: 'inherit',
  })
  const [, signal]: unknown[] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
  expect(readdirSync(folder).sort()).toStrictEqual(['ledger.sqlite', 'ledger.sqlite-journal'])
  expect(statSync(ledger).size).toBeGreaterThan(0)
  expect(holdsRun(ledger)).toBe(false)
  await expect(inspectStore(folder)).rejects.toMatchObject({ code: 'run-missing' })
  await expect(openStore(folder, options)).rejects.toMatchObject({ code: 'run-missing' })
  await using store = await createStore(folder, settings, options)
  expect(store.session).toBe(1)
})

test('a newer format is refused with both versions', async () => {
  const folder = await newRun()
  damage(folder, 'PRAGMA user_version = 7')
  await expect(openStore(folder, options)).rejects.toMatchObject({
    code: 'format-newer',
    message: expect.stringMatching(/format version 7; this rowsmith reads up to version 1/),
    hints: ['Install a newer rowsmith to open this run.'],
  })
  await expect(inspectStore(folder)).rejects.toMatchObject({ code: 'format-newer' })
})

test('a folder without a run, or with something else, is refused', async () => {
  const empty = newFolder()
  await expect(openStore(empty, options)).rejects.toMatchObject({ code: 'run-missing' })
  await expect(inspectStore(empty)).rejects.toMatchObject({ code: 'run-missing' })
  mkdirSync(empty)
  writeFileSync(join(empty, 'thesis.txt'), '')
  await expect(createStore(empty, settings, options)).rejects.toMatchObject({
    code: 'folder-foreign',
    message: expect.stringContaining('it holds thesis.txt'),
  })
  const other = newFolder()
  mkdirSync(other)
  damage(other, 'CREATE TABLE theirs (a)')
  await expect(openStore(other, options)).rejects.toMatchObject({ code: 'folder-foreign' })
  await expect(createStore(other, settings, options)).rejects.toMatchObject({
    code: 'folder-foreign',
  })
})

test('a run is never created over another', async () => {
  const folder = await newRun()
  await expect(createStore(folder, settings, options)).rejects.toMatchObject({
    code: 'folder-foreign',
    message: expect.stringContaining('a run exists here already'),
  })
  await using store = await openStore(folder, options)
  expect(store.settings).toStrictEqual(settings)
})

test('a creation that was cut short can be done again', async () => {
  const folder = newFolder()
  mkdirSync(folder)
  for (const name of ['lock', 'lock.json', 'ledger.sqlite']) writeFileSync(join(folder, name), '')
  await expect(openStore(folder, options)).rejects.toMatchObject({ code: 'run-missing' })
  await using store = await createStore(folder, settings, options)
  expect(store.session).toBe(1)
})

test('settings that no run can have are refused before a folder is made', async () => {
  const wrong: readonly [Partial<RunSettings>, RegExp][] = [
    [{ partRows: 9 }, /parts of a multiple of 4 rows, got 9/],
    [{ rows: -1 }, /rows from 0, got -1/],
    [{ columns: [{ ...column, name: '__row' }] }, /can't be named __row/],
    [{ columns: [column, column] }, /two columns are named a/],
  ]
  for (const [part, message] of wrong) {
    const creating = createStore(newFolder(), { ...settings, ...part }, options)
    await expect(creating).rejects.toThrow(message)
  }
})

test('one process opens a run once; closing lets the next one in', async () => {
  const folder = await newRun()
  const store = await openStore(folder, options)
  await expect(openStore(folder, options)).rejects.toMatchObject({
    code: 'folder-locked',
    message: expect.stringMatching(new RegExp(`pid ${process.pid}, since 2`)),
  })
  // An inspection neither needs the lock nor takes it away.
  expect((await inspectStore(folder)).holder?.pid).toBe(process.pid)
  await expect(openStore(folder, options)).rejects.toMatchObject({ code: 'folder-locked' })
  await store.close()
  expect((await inspectStore(folder)).holder).toBeNull()
  await using next = await openStore(folder, options)
  expect(next.session).toBe(3)
})
