import { DatabaseSync } from 'node:sqlite'
import { mkdir, readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk, jsonOf } from './command.ts'
import { pets, stories } from './configs.ts'

/** A desk with a finished run of five rows in `runs/pets`. */
async function deskWithRun(): Promise<Desk> {
  const desk = await createDesk()
  await desk.write('pets.json', pets)
  const { code, stderr } = await desk.run(['create', 'pets.json', '-n', '5', '--seed', '7'])
  expect(code, stderr).toBe(0)
  return desk
}

/** What a command that must be refused says; nothing of it is on stdout. */
async function refusal(desk: Desk, ...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await desk.run(parameters)
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
  return desk.plain(stderr)
}

function changeLedger(desk: Desk, statement: string): void {
  const ledger = new DatabaseSync(desk.path('runs', 'pets', 'ledger.sqlite'))
  ledger.exec(statement)
  ledger.close()
}

test('a smaller target', async () => {
  await using desk = await deskWithRun()
  expect(await refusal(desk, 'create', 'pets.json', '-n', '3')).toMatchInlineSnapshot(`
    "rowsmith: rows: the run was planned for 5, and 3 were requested
      Ask for at least 5 rows, or add --shrink: rows beyond the new target stay in the run folder and out of the dataset.
    "
  `)
})

test('another run seed', async () => {
  await using desk = await deskWithRun()
  expect(await refusal(desk, 'create', 'pets.json', '--seed', '8')).toMatchInlineSnapshot(`
    "rowsmith: seed: the run was made with 7, and 8 was requested
      Omit seed to continue with 7, or start a new run next to this one with --fresh.
    "
  `)
})

test('a config that changed', async () => {
  await using desk = await deskWithRun()
  const [animal, age, line] = pets.columns
  await desk.write('pets.json', {
    columns: [{ ...animal, params: { values: ['cat', 'dog', 'toad'] } }, age, line],
  })
  expect(await refusal(desk, 'create', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: the config is not the one this run was made with:
      columns.animal.params.values
        - "frog"
        + "toad"
    The effect:
      stays    age
      to make  animal (changed): 5 cells, free
      to make  line (reads animal): 5 cells, free
      in all   10 cells in 5 rows, no request
      Add --edit to continue with it. Replaced cells are kept: changing it back costs nothing.
      Restore the old config, or start a new run next to this one with --fresh.
    "
  `)

  await desk.write('pets.json', { columns: [animal, age, { ...line, name: 'text' }] })
  expect(await refusal(desk, 'create', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: the config is not the one this run was made with:
      columns.line
        - name: "line"
        - column_type: "expression"
        - expr: "A {{ animal }} of {{ age }} years."
      columns.text
        + name: "text"
        + column_type: "expression"
        + expr: "A {{ animal }} of {{ age }} years."
    The effect:
      stays    animal, age
      to make  text (new): 5 cells, free
      gone     line (what was made of it stays in the run folder)
      in all   5 cells in 5 rows, no request
      Add --edit to continue with it. Replaced cells are kept: changing it back costs nothing.
      Restore the old config, or start a new run next to this one with --fresh.
    "
  `)

  const other = { name: 'other', column_type: 'expression', expr: '{{ animal }}' }
  const changed = { ...line, expr: 'A {{ animal }}, {{ age }}.', drop: true }
  await desk.write('pets.json', { columns: [animal, changed, { ...age, drop: true }, other] })
  expect(await refusal(desk, 'create', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: the config is not the one this run was made with:
      columns
        - in this order: animal, age, line
        + in this order: animal, line, age
      columns.age.drop
        - false
        + true
      columns.line.drop
        - false
        + true
      columns.line.expr
        - "A {{ animal }} of {{ age }} years."
        + "A {{ animal }}, {{ age }}."
      columns.other
        + name: "other"
        + column_type: "expression"
        + expr: "{{ animal }}"
    The effect:
      stays    animal, age
      to make  line (changed): 5 cells, free
      to make  other (new): 5 cells, free
      in all   10 cells in 5 rows, no request
      Add --edit to continue with it. Replaced cells are kept: changing it back costs nothing.
      Restore the old config, or start a new run next to this one with --fresh.
    "
  `)

  // Their order and what is omitted changes no cell.
  await desk.write('pets.json', { columns: [{ ...age, drop: true }, animal, line] })
  expect((await desk.run(['create', 'pets.json'])).code).toBe(0)
})

test('a seed file that changed', async () => {
  await using desk = await createDesk()
  await desk.write('names.csv', 'name\nAda\nBen\n')
  await desk.write('pets.json', {
    ...pets,
    seed_config: { source: { seed_type: 'local', path: 'names.csv' } },
  })
  await desk.run(['create', 'pets.json', '-n', '5'])
  await desk.write('names.csv', 'name\nAda\nBob\n')
  const said = await refusal(desk, 'create', 'pets.json')
  expect(said.replaceAll(/\b[0-9a-f]{12}\b/g, '<hash>')).toMatchInlineSnapshot(`
    "rowsmith: the config is not the one this run was made with:
      seed_config.source
        - content <hash>…
        + content <hash>…
    The effect:
      stays    animal, age, line
      to make  name (changed): 5 cells, free
      in all   5 cells in 5 rows, no request
      Add --edit to continue with it. Replaced cells are kept: changing it back costs nothing.
      Restore the old config, or start a new run next to this one with --fresh.
    "
  `)
  const [before, now] = said.match(/\b[0-9a-f]{12}\b/g) ?? []
  expect(before).not.toBe(now)
})

test('another size of the parts', async () => {
  await using desk = await deskWithRun()
  await desk.write('run.yaml', 'buffer_size: 10\npart_rows: 20\n')
  expect(await refusal(desk, 'create', 'pets.json', '--run-config', 'run.yaml'))
    .toMatchInlineSnapshot(`
    "rowsmith: part_rows: the run was made with 5000, and 20 was requested
      Omit part_rows to continue with 5000, or start a new run next to this one with --fresh.
    "
  `)
})

test('a run that a living process works on', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ script: () => ({ hang: true }) })
  await desk.write('tales.json', stories({ url: server.url, model: { skip_health_check: true } }))
  const first = desk.start(['create', 'tales.json'])
  await first.said('New run')

  const said = await refusal(desk, 'create', 'tales.json')
  const exported = await refusal(desk, 'export', 'runs/tales')

  expect(exported).toBe(said)
  expect(said).toContain(`process ${first.child.pid} `)
  expect(said.replaceAll(String(first.child.pid), '<pid>').replace(/ on \S+ \(/, ' on <host> ('))
    .toMatchInlineSnapshot(`
    "rowsmith: <desk>/runs/tales is in use by process <pid> on <host> (pid <pid>, since <instant>); one process at a time may run it
      Wait for process <pid> to end or stop it; then run again, nothing is lost.
    "
  `)
})

test('a run folder of a newer version', async () => {
  await using desk = await deskWithRun()
  changeLedger(desk, 'PRAGMA user_version = 2')
  const said = await refusal(desk, 'create', 'pets.json')
  expect(said).toMatchInlineSnapshot(`
    "rowsmith: <desk>/runs/pets/ledger.sqlite has format version 2; this rowsmith reads up to version 1
      Install a newer rowsmith to open this run.
    "
  `)
  expect(await refusal(desk, 'show', 'runs/pets')).toBe(said)
})

test('a stored target that can not be', async () => {
  await using desk = await deskWithRun()
  changeLedger(desk, "UPDATE meta SET value = 'many' WHERE key = 'rows'")
  const said = await refusal(desk, 'create', 'pets.json')
  expect(said).toMatchInlineSnapshot(`
    "rowsmith: the ledger is damaged: meta.rows is "many", expected a whole number from 0
      Run rowsmith check DIR --repair: it restores the ledger from its copy.
      Without one, restore ledger.sqlite from a backup, or start the run again in another folder.
    "
  `)
  expect(await refusal(desk, 'show', 'runs/pets')).toBe(said)
})

test('a ledger that is no database', async () => {
  await using desk = await deskWithRun()
  await desk.write('runs/pets/ledger.sqlite', 'not a database at all '.repeat(100))
  expect(await refusal(desk, 'create', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: opening <desk>/runs/pets/ledger.sqlite: file is not a database
      Run rowsmith check DIR --repair: it restores the ledger from its copy.
      Without one, restore ledger.sqlite from a backup, or start the run again in another folder.
    "
  `)
})

test('a database of another program', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await mkdir(desk.path('runs', 'pets'), { recursive: true })
  changeLedger(desk, 'CREATE TABLE note (text); PRAGMA user_version = 1')
  expect(await refusal(desk, 'create', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: <desk>/runs/pets/ledger.sqlite is an SQLite database of another program (application id 0, expected 1919907699)
      Choose another folder for the run.
    "
  `)
})

test('a folder that holds something else', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  await mkdir(desk.path('photos'))
  await desk.write('photos/beach.jpg', '')
  expect(await refusal(desk, 'create', 'pets.json', '--out', 'photos')).toMatchInlineSnapshot(`
    "rowsmith: <desk>/photos is not empty and not a run folder: it holds beach.jpg
      Choose an empty or new folder for the run.
    "
  `)
  expect(await readdir(desk.path('photos'))).toEqual(['beach.jpg'])
  expect(await refusal(desk, 'show', 'photos')).toMatchInlineSnapshot(`
    "rowsmith: there is no run here: <desk>/photos/ledger.sqlite does not exist
      Check the path, or create a run there.
    "
  `)
})

test('a file where the run folder would be', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  expect(await refusal(desk, 'create', 'pets.json', '--out', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: <desk>/pets.json can't be a run folder: a file is in its place
      Choose an empty or new folder for the run.
    "
  `)
})

test('a run folder that is not there', async () => {
  await using desk = await deskWithRun()
  expect(await refusal(desk, 'show', 'runs/pests')).toMatchInlineSnapshot(`
    "rowsmith: there is no run here: <desk>/runs/pests/ledger.sqlite does not exist
      Did you mean <desk>/runs/pets?
    "
  `)
  expect(await refusal(desk, 'export', 'nowhere')).toMatchInlineSnapshot(`
    "rowsmith: there is no run here: <desk>/nowhere/ledger.sqlite does not exist
      Check the path, or create a run there.
    "
  `)
  expect((await readdir(desk.directory)).includes('nowhere')).toBe(false)
})

test('a config file that is not there, or is none', async () => {
  await using desk = await createDesk()
  await desk.write('pets.yaml', '')
  expect(await refusal(desk, 'create', 'pets.yml')).toMatchInlineSnapshot(`
    "rowsmith: there is no config file pets.yml
      Did you mean pets.yaml?
    "
  `)
  expect(await refusal(desk, 'preview', 'pats.yaml')).toMatchInlineSnapshot(`
    "rowsmith: there is no config file pats.yaml
      Did you mean pets.yaml?
    "
  `)
  expect(await refusal(desk, 'create', 'pets')).toMatchInlineSnapshot(`
    "rowsmith: expected a config file ending in .yaml, .yml, .json, got pets
      Did you mean pets.yaml?
    "
  `)
  expect(await refusal(desk, 'create', 'missing/pets.yaml')).toMatchInlineSnapshot(`
    "rowsmith: there is no config file missing/pets.yaml
    "
  `)
  await mkdir(desk.path('folder.yaml'))
  expect(await refusal(desk, 'validate', 'folder.yaml')).toMatchInlineSnapshot(`
    "rowsmith: expected a config file, and folder.yaml is a folder
    "
  `)
  await desk.write('pets.yaml', JSON.stringify(pets))
  expect(await refusal(desk, 'create', 'pets.yaml', '--run-config', 'rum.yaml'))
    .toMatchInlineSnapshot(`
    "rowsmith: there is no run config rum.yaml
    "
  `)
  expect(await refusal(desk, 'create', 'pets.yaml', '--providers', 'providers.yaml'))
    .toMatchInlineSnapshot(`
    "rowsmith: there is no provider file providers.yaml
    "
  `)
  expect(await readdir(desk.directory)).not.toContain('runs')
})

test('options that make no sense', async () => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  expect(await refusal(desk, 'create', 'pets.json', '-n', 'many')).toMatchInlineSnapshot(`
    "rowsmith: option '-n, --rows <rows>' argument 'many' is invalid. expected a whole number from 0, got "many".
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create', 'pets.json', '-n', '-3')).toMatchInlineSnapshot(`
    "rowsmith: option '-n, --rows <rows>' argument '-3' is invalid. expected a whole number from 0, got "-3".
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create', 'pets.json', '-n', '1.5')).toMatchInlineSnapshot(`
    "rowsmith: option '-n, --rows <rows>' argument '1.5' is invalid. expected a whole number from 0, got "1.5".
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create', 'pets.json', '--seed', '18446744073709551616'))
    .toMatchInlineSnapshot(`
    "rowsmith: option '--seed <seed>' argument '18446744073709551616' is invalid. expected a whole number from 0 to 2^64 - 1, got "18446744073709551616".
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create', 'pets.json', '--rowz', '3')).toMatchInlineSnapshot(`
    "rowsmith: unknown option '--rowz'
      Did you mean --rows?
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create', 'pets.json', '--resume', '--fresh')).toMatchInlineSnapshot(`
    "rowsmith: option '--resume' cannot be used with option '--fresh'
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create')).toMatchInlineSnapshot(`
    "rowsmith: missing required argument 'config'
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'create', 'pets.json', 'more')).toMatchInlineSnapshot(`
    "rowsmith: too many arguments for 'create'. Expected 1 argument but got 2: pets.json, more.
      Add --help for the options of this command.
    "
  `)
  expect(await refusal(desk, 'crate', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: unknown command 'crate'
      Did you mean create?
      Add --help for the options of this command.
    "
  `)
  expect(await readdir(desk.directory)).not.toContain('runs')
})

test('an export to what it can not be', async () => {
  await using desk = await deskWithRun()
  expect(await refusal(desk, 'export', 'runs/pets', '--format', 'xlsx')).toMatchInlineSnapshot(`
    "rowsmith: there is no export format 'xlsx'
      There are parquet, jsonl, csv, arrow, arrow-stream, chat, sharegpt, alpaca, dpo; a plugin can bring others.
    "
  `)
  expect(await refusal(desk, 'export', 'runs/pets', '--format', 'csv', '--to', 'runs'))
    .toMatchInlineSnapshot(`
    "rowsmith: csv is exported into one file, and <desk>/runs is a folder
      Give a file name, such as <desk>/runs/data.csv.
    "
  `)
  expect(await refusal(desk, 'export', 'runs/pets', '--to', 'pets.json')).toMatchInlineSnapshot(`
    "rowsmith: pets.json ends in .json, which names no export format
      Did you mean .jsonl?
      Give a file name ending in .jsonl, .ndjson, .csv, .arrow, .feather, .arrows, .parquet, a folder for Parquet (with / at its end, or --format parquet), or give --format.
    "
  `)
})

test('with --json a failure is one object on stdout, whatever failed', async () => {
  await using desk = await createDesk()
  await desk.write('wrong.yaml', 'columns: 7\n')
  const cases: [string[], object, number][] = [
    [
      ['create', 'wrong.yaml', '--json'],
      { code: 'config-invalid', problems: [{ path: ['columns'] }] },
      2,
    ],
    [['create', 'missing.yaml', '--json'], { code: 'usage' }, 2],
    [['create', 'missing.yaml', '--dry-run', '--json'], { code: 'usage' }, 2],
    [
      ['create', 'wrong.yaml', '--json', '--row', '5'],
      { code: 'usage', message: "unknown option '--row'", hints: ['Did you mean --rows?'] },
      2,
    ],
    [['create', '--json'], { code: 'usage', message: "missing required argument 'config'" }, 2],
    [['create', 'wrong.yaml', '-n', 'x', '--json'], { code: 'usage' }, 2],
    [['show', 'nowhere', '--json'], { code: 'run-missing' }, 2],
    [['preview', 'missing.yaml', '--json'], { code: 'usage' }, 2],
  ]
  for (const [words, error, code] of cases) {
    const ended = await desk.run(words)
    expect({ code: ended.code, told: jsonOf(ended) }, words.join(' ')).toMatchObject({
      code,
      told: { error },
    })
    // For people, too.
    expect(ended.stderr).not.toBe('')
  }
})
