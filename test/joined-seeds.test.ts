import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { create, dataset, expression, open, preview, render, validate } from '../src/index.ts'
import { parseSeedConfig } from '../src/config/seed-config.ts'
import { builtInRegistry } from '../src/plugins/kind-registry.ts'
import type { SeedRow } from '../src/seeds/define.ts'
import { inspectSeed } from '../src/seeds/inspect-seed.ts'
import { allRows } from '../src/seeds/scratch.ts'
import { createFileServer } from './support/file-server.ts'

/* Seeds joined by a key, as programs and configs see them. */

let root = ''
const paths = new Map<string, string>()

async function write(name: string, text: string): Promise<string> {
  const path = join(root, name)
  await writeFile(path, text)
  paths.set(name, path)
  return path
}

const orders = 'order,customer,sku\n1,7,A\n2,8,B\n3,7,C\n4,9,A\n5,,A\n'
const customers = 'id,name,city\n8,Bo,Oslo\n7,Ann,Rome\n'

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rowsmith-joined-'))
  await write('orders.csv', orders)
  await write('customers.csv', customers)
  await write('cities.jsonl', '{"city":"Rome","land":"Italy"}\n{"city":"Oslo","land":"Norway"}\n')
  await write('parts.csv', 'sku,part\nA,lid\nB,cup\nA,pan\n')
})
afterAll(() => rm(root, { recursive: true, force: true }))

function file(name: string): object {
  return { seed_type: 'local', path: paths.get(name) ?? name }
}

const people = { on: { left: 'customer', right: 'id' } }

function configOf(joins: readonly object[], fields: object = {}): { config: object } {
  const line = { name: 'line', column_type: 'expression', expr: '{{ order }}' }
  return {
    config: {
      seed_config: { source: file('orders.csv'), join: joins, ...fields },
      columns: [line],
    },
  }
}

/** The rows of the seed as a run copies them. */
async function rowsOf(joins: readonly object[]): Promise<readonly SeedRow[]> {
  const written = { source: file('orders.csv'), join: joins }
  const { seedConfig, problems } = parseSeedConfig(written, ['seed_config'])
  if (seedConfig === null || problems.length > 0) throw new Error(problems[0]?.message)
  const { signal } = new AbortController()
  const context = { workingDirectory: root, configDirectory: null, signal }
  const { inspected } = await inspectSeed(seedConfig, context, builtInRegistry.seedSources)
  if (inspected === null) throw new Error('there is no seed')
  const rows = await allRows(inspected.seed)
  expect(inspected.seed.size).toBe(rows.length)
  await inspected.seed.close?.()
  return rows
}

/** The records that a run makes of it. */
async function recordsOf(
  joins: readonly object[],
  rows: number,
  fields: object = {},
): Promise<(readonly unknown[])[]> {
  const { records } = await preview({ config: configOf(joins, fields), rows, seed: 1n })
  const isOfSeed = ([name]: [string, unknown]): boolean => name !== 'line'
  return records.map((record) =>
    Object.entries(record)
      .filter(isOfSeed)
      .map(([, value]) => value),
  )
}

async function problemsOf(joins: readonly object[], fields: object = {}): Promise<string[]> {
  const { problems } = await validate({ config: configOf(joins, fields) })
  return problems.map(
    ({ code, path, message, suggestion = '' }) =>
      `${code} @ ${path.join('.')}: ${message}. ${suggestion}`,
  )
}

test('rows keep their order and get the columns of their partner, or nulls', async () => {
  const before = await folders()
  const customer = { source: file('customers.csv'), ...people }
  expect(await recordsOf([customer], 6)).toEqual([
    [1, 7, 'A', 'Ann', 'Rome'],
    [2, 8, 'B', 'Bo', 'Oslo'],
    [3, 7, 'C', 'Ann', 'Rome'],
    [4, 9, 'A', null, null],
    [5, null, 'A', null, null],
    [1, 7, 'A', 'Ann', 'Rome'],
  ])
  // A join reads what another one added.
  const city = { source: file('cities.jsonl'), on: 'city', prefix: 'city_' }
  expect((await rowsOf([{ ...customer, columns: ['city'] }, city])).slice(0, 2)).toEqual([
    [1, 7, 'A', 'Rome', 'Italy'],
    [2, 8, 'B', 'Oslo', 'Norway'],
  ])
  expect(await problemsOf([customer])).toEqual([
    'rows-without-partner @ seed_config.join.0: 2 of 5 rows of the seed have no partner here, and are kept without its values. ',
  ])
  expect(await folders()).toEqual(before)
})

async function folders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('rowsmith-join-'))
}

test('rows without a partner are omitted, and several partners are what the config says', async () => {
  const inner = { source: file('customers.csv'), ...people, how: 'inner', columns: ['name'] }
  expect(await rowsOf([inner])).toEqual([
    [1, 7, 'A', 'Ann'],
    [2, 8, 'B', 'Bo'],
    [3, 7, 'C', 'Ann'],
  ])
  const parts = { source: file('parts.csv'), on: 'sku' }
  // Nothing is added, so keys may be there twice.
  expect(await rowsOf([{ ...parts, how: 'inner', columns: [] }])).toHaveLength(4)
  const part = async (more: object): Promise<unknown[]> =>
    (await rowsOf([{ ...parts, ...more }])).map(([order, , , name]) => [order, name])
  expect(await part({ many: 'first', how: 'inner' })).toEqual([
    [1, 'lid'],
    [2, 'cup'],
    [4, 'lid'],
    [5, 'lid'],
  ])
  expect(await part({ many: 'expand' })).toEqual([
    [1, 'lid'],
    [1, 'pan'],
    [2, 'cup'],
    [3, null],
    [4, 'lid'],
    [4, 'pan'],
    [5, 'lid'],
    [5, 'pan'],
  ])
  expect((await part({ many: 'list' })).slice(0, 3)).toEqual([
    [1, ['lid', 'pan']],
    [2, ['cup']],
    [3, []],
  ])
})

test('a selection, a shuffle and several rows for a record count the joined rows', async () => {
  const expanded = { source: file('parts.csv'), on: 'sku', many: 'expand', how: 'inner' }
  const selected = { selection_strategy: { start: 2, end: 4 }, rows_per_record: 2 }
  expect(await recordsOf([expanded], 2, selected)).toEqual([
    [
      [2, 4],
      [8, 9],
      ['B', 'A'],
      ['cup', 'lid'],
    ],
    [
      [4, 2],
      [9, 8],
      ['A', 'B'],
      ['pan', 'cup'],
    ],
  ])
  const shuffled = { sampling_strategy: 'shuffle' }
  const drawn = await recordsOf([expanded], 7, shuffled)
  expect(drawn.map((row) => [row[0], row[3]].join(' ')).toSorted()).toEqual([
    '1 lid',
    '1 pan',
    '2 cup',
    '4 lid',
    '4 pan',
    '5 lid',
    '5 pan',
  ])
  const { rows } = await render({
    config: configOf([expanded], shuffled),
    column: 'line',
    row: 6,
    seed: 1n,
  })
  expect(rows).toEqual([{ row: 6, parts: [{ field: 'expr', text: String(drawn[6]?.[0]) }] }])
})

test('everything that is wrong with joins is said at its place, at once', async () => {
  const source = file('customers.csv')
  expect(
    await problemsOf([
      { source, on: { left: 'custmer', right: 'idd' } },
      { source: file('parts.csv'), on: 'sku', columns: ['prat'] },
      { source: file('customers.csv'), on: { left: 'sku', right: 'id' }, columns: ['name'] },
    ]),
  ).toEqual([
    "unknown-join-column @ seed_config.join.0.on: The key names 'custmer', but the seed has no such column. Did you mean 'customer'?",
    "unknown-join-column @ seed_config.join.0.on: The key names 'idd', but the source of this join has no such column. Did you mean 'id'?",
    "unknown-join-column @ seed_config.join.1.columns.0: The source of this join has no column 'prat'. Did you mean 'part'?",
    "join-types-differ @ seed_config.join.2.on: No row can have a partner: 'sku' of the seed is of text, and 'id' of the source of this join of numbers. Add compare: text, and 1 and '1' are the same key.",
    "join-collision @ seed_config.join.2.source: Both seed_config.join[0] and seed_config.join[2] have a column 'name'. Add a prefix to the join, such as prefix: other_, or list the columns to add in columns.",
  ])
  expect(
    await problemsOf([
      { source: file('nowhere.csv'), on: 'sku' },
      { source: { seed_type: 'locl', path: 'x' }, on: 'sku' },
    ]),
  ).toEqual([
    "unknown-seed-type @ seed_config.join.1.source.seed_type: There is no kind of seed source called 'locl'. Did you mean 'local'?",
  ])
  expect(await problemsOf([{ source, on: { left: 'id', right: 'customer' } }])).toEqual([
    "unknown-join-column @ seed_config.join.0.on: The key has its columns the wrong way round: 'customer' is of the seed, and 'id' of the source of this join. Write { left: customer, right: id }.",
  ])
  await write('head.csv', 'sku,part\n')
  const lost = await problemsOf([
    { source: file('nowhere.csv'), on: 'sku' },
    { source: file('head.csv'), on: 'sku' },
  ])
  expect(lost).toEqual([
    expect.stringContaining('seed-missing @ seed_config.join.0.source.path: The seed can'),
    'empty-seed @ seed_config.join.1.source.path: The source of this join has no rows. ',
  ])
  expect(await problemsOf([{ source: file('parts.csv'), on: 'sku' }])).toEqual([
    'repeated-key @ seed_config.join.0.on: Rows 0 and 2 of the source of this join, counted from 0, have the same key "A". Choose one: many: first for the first row of each key, expand for a row for each of them, or list for lists of their values.',
  ])
})

test('no partner at all is said with keys of both, and why that may be', async () => {
  await write('lower.csv', 'sku,part\na,lid\n b,cup\n')
  const [left = ''] = await problemsOf([{ source: file('lower.csv'), on: 'sku' }])
  expect(left).toMatch(
    /^no-partners @ seed_config\.join\.0\.on: None of the 5 rows .* They differ in case/,
  )
  const { problems } = await validate({
    config: configOf([{ source: file('lower.csv'), on: 'sku', how: 'inner' }]),
  })
  expect(problems).toMatchObject([
    {
      level: 'error',
      code: 'no-partners',
      expected: 'keys such as " b"; "a"',
      received: 'keys such as "A"; "B"; "C"',
    },
  ])
  await write('texts.jsonl', '{"id":"7","name":"Ann"}\n{"id":"8","name":"Bo"}\n')
  const texts = { source: file('texts.jsonl'), ...people }
  expect((await problemsOf([texts]))[0]).toContain('join-types-differ')
  const names = await rowsOf([{ ...texts, compare: 'text' }])
  expect(names.map(([, , , name]) => name)).toEqual(['Ann', 'Bo', 'Ann', null, null])
})

test('a YAML file has a bare on, which YAML 1.1 reads as true', async () => {
  const text = (on: string): string => `
seed_config:
  source: { seed_type: local, path: ${paths.get('orders.csv')} }
  join:
    - source: { seed_type: local, path: ${paths.get('customers.csv')}, pth: x }
      ${on}
      prefix: customer_
columns:
  - { name: line, column_type: expression, expr: "{{ customer_name }}" }
`
  const good = { text: text('on: { left: customer, right: id }') }
  const { records } = await preview({ config: good, rows: 2, seed: 1n })
  expect(records.map((record) => record['line'])).toEqual(['Ann', 'Bo'])
  const at = async (on: string) => {
    const { problems } = await validate({ config: { text: text(on) } })
    return problems
      .filter(({ code }) => code !== 'rows-without-partner')
      .map(
        ({ code, path, position }) =>
          `${position?.line}:${position?.column} ${code} ${path.join('.')}`,
      )
  }
  const ignored = expect.stringContaining('5:')
  expect(await at('on: { left: customer, right: id }')).toEqual([ignored])
  expect(await at('on: sku')).toEqual([ignored, '6:11 unknown-join-column seed_config.join.0.on'])
  expect(await at('on: { left: customer, rigth: id }')).toEqual([
    '6:29 unknown-key seed_config.join.0.on.rigth',
    ignored,
  ])
  expect(await at('how: outer')).toEqual([
    expect.stringContaining('missing-field seed_config.join.0.on'),
    '6:12 wrong-word seed_config.join.0.how',
    ignored,
  ])
})

test('a run continues without its files, and names the one that changed', async () => {
  await write('names.csv', customers)
  const out = join(root, 'run')
  const joins = [{ source: file('names.csv'), ...people, columns: ['name'] }]
  await create({ config: configOf(joins), rows: 2, seed: 1n, out })
  await rm(paths.get('names.csv') ?? '')
  await create({ config: configOf(joins), rows: 4, out })
  await write('names.csv', customers)
  await create({ config: configOf(joins), rows: 6, out })
  await using made = await open(out)
  // It stands in the folder: the sources were not read again.
  const joined = { join: 'seed_config.join[0]', how: 'left', rows: 5, withoutPartner: 2 }
  expect((await made.summary()).joins).toEqual([joined])
  expect((await made.report()).run.joins).toEqual([joined])
  const names = []
  for await (const { order, name } of made.records()) names.push([order, name])
  expect(names).toEqual([
    [1, 'Ann'],
    [2, 'Bo'],
    [3, 'Ann'],
    [4, null],
    [5, null],
    [1, 'Ann'],
  ])
  await write('names.csv', customers.replace('Ann', 'Eve'))
  await expect(create({ config: configOf(joins), rows: 7, out })).rejects.toThrow(
    /seed_config\.join\[0\]\.source\n {4}- content \w+…\n {4}\+ content \w+…/,
  )
  await write('names.csv', customers)
  const others = [{ ...joins[0], how: 'inner' }]
  const refusal = create({ config: configOf(others), rows: 7, out })
  await expect(refusal).rejects.toThrow(/seed_config\.join\n[^]*inner/)
  await expect(refusal).rejects.not.toThrow(/content/)
  await expect(create({ config: configOf([]), rows: 7, out })).rejects.toThrow(/seed_config\.join/)
  await write('names.csv', customers.replace('Ann', 'Eve'))
  await create({ config: configOf(joins), rows: 7, out, edit: true })
  await using edited = await open(out)
  for await (const { name } of edited.records()) names.push(name)
  expect(names.slice(6, 7)).toEqual(['Eve'])
})

test('records of a program and files of the web are joined, too', async () => {
  await using server = await createFileServer({ '/customers.csv': customers })
  function* stock(): Generator<object> {
    yield { sku: 'A', left: 3 }
    yield { sku: 'B', left: { shelf: 2 } }
  }
  const { records } = await preview({
    config: {
      config: {
        seed_config: {
          source: { seed_type: 'records', records: [{ n: 1, sku: 'B', customer: 8 }] },
          join: [
            { source: { seed_type: 'records', records: stock }, on: 'sku' },
            { source: { seed_type: 'http', path: `${server.url}/customers.csv` }, ...people },
          ],
        },
        columns: [{ name: 'line', column_type: 'expression', expr: '{{ left.shelf }}' }],
      },
    },
    rows: 1,
    environment: { XDG_CACHE_HOME: root },
  })
  expect(records).toEqual([
    { n: 1, sku: 'B', customer: 8, left: { shelf: 2 }, name: 'Bo', city: 'Oslo', line: '2' },
  ])
})

test('a dataset declared in TypeScript joins files', async () => {
  const { records } = await dataset('orders')
    .seed<{ order: number; name: string }>({
      path: paths.get('orders.csv') ?? '',
      join: [{ path: paths.get('customers.csv') ?? '', ...people, columns: ['name'] }],
    })
    .column('line', expression('{{ order }} of {{ name }}'))
    .preview({ rows: 1 })
  expect(records).toEqual([{ order: 1, customer: 7, sku: 'A', name: 'Ann', line: '1 of Ann' }])
})
