import { afterAll, beforeAll, expect, test } from 'vitest'
import { allRows, createScratch, local, type Scratch } from '../scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

async function read(content: string, more: { name?: string; delimiter?: string } = {}) {
  const { name = 'a.csv', ...said } = more
  const path = await scratch.write(name, content)
  const seed = await local.open({ seed_type: 'local', path, ...said }, scratch.context)
  const rows = await allRows(seed)
  expect(rows).toHaveLength(seed.size)
  return {
    columns: seed.columns.map((column) => column.name),
    rows,
    notes: seed.notes.map(({ message }) => message),
  }
}

function guessed(what: string, usual = "','"): string {
  return `The seed is read with ${what} between its fields: its header has them, and no ${usual}`
}

test.each([
  ['name;price\nchair;12,50\n', "';'"],
  ['name\tprice\nchair\t12,50\n', 'tabs'],
  ['name|price\r\nchair|12,50\r\n', "'|'"],
  ['\n\nname;price\n\nchair;12,50', "';'"],
  ['"na,me";price\nchair;"12,50"\n'.replace('na,me', 'name'), "';'"],
])('the header tells the delimiter: %j', async (content, what) => {
  expect(await read(content)).toEqual({
    columns: ['name', 'price'],
    rows: [['chair', '12,50']],
    notes: [guessed(what)],
  })
})

test('quoted fields hold the delimiter, and a header its line breaks', async () => {
  expect(await read('"a\nb";"c,d"\n"x;y";2\n')).toEqual({
    columns: ['a\nb', 'c,d'],
    rows: [['x;y', 2]],
    notes: [guessed("';'")],
  })
})

test('a file of TSV may have another delimiter, too', async () => {
  const { rows, notes } = await read('a,b\n1,2\n', { name: 'a.tsv' })
  expect([rows, notes]).toEqual([[[1, 2]], [guessed("','", 'tabs')]])
})

test.each([
  ['question\nWhy; or why not?\n', ['question'], 'Why; or why not?'],
  ['Why; or why not?\nbecause\n', ['Why; or why not?'], 'because'],
  ['"a;b"\nx\n', ['a;b'], 'x'],
])('one column of text stays one: %j', async (content, columns, value) => {
  expect(await read(content)).toEqual({ columns, rows: [[value]], notes: [] })
})

test('a comma in the header decides', async () => {
  expect((await read('a,b;c\n1,2;3\n')).columns).toEqual(['a', 'b;c'])
})

test('a first line sep= says the delimiter, and is not a row', async () => {
  expect(await read('sep=;\r\na;b,c\r\n1;2\r\n')).toEqual({
    columns: ['a', 'b,c'],
    rows: [[1, 2]],
    notes: [],
  })
  expect((await read('sep=,\na,b\n1,2\n')).columns).toEqual(['a', 'b'])
  await expect(read('sep=;\na;b\n1\n')).rejects.toThrow('line 3 has 1 field, and the header has 2')
})

test('the config says it, whatever the header has', async () => {
  expect(await read('a;b,c\n1;2\n', { delimiter: ';' })).toEqual({
    columns: ['a', 'b,c'],
    rows: [[1, 2]],
    notes: [],
  })
  expect((await read('a;b\n1;2\n', { delimiter: ',' })).columns).toEqual(['a;b'])
  expect((await read('sep=;\na|b\n1|2\n', { delimiter: '|' })).columns).toEqual(['a', 'b'])
  expect((await read('a b\n1 2\n', { delimiter: ' ' })).columns).toEqual(['a', 'b'])
  expect((await read('a~b\n1~2\n', { delimiter: '~' })).columns).toEqual(['a', 'b'])
})

test('the same bytes read with another delimiter are another seed', async () => {
  const path = await scratch.write('i.csv', 'a;b\n1;2\n')
  const identities = await Promise.all(
    [undefined, ';', ','].map(async (delimiter) => {
      const source = { seed_type: 'local' as const, path, delimiter }
      const { identity } = await local.open(source, scratch.context)
      const stamp = await local.stamp(source, scratch.context)
      expect(await stamp?.identity()).toBe(identity)
      return identity
    }),
  )
  expect(new Set(identities).size).toBe(3)
})

test('files of one seed may each have their own', async () => {
  await scratch.write('many-1.csv', 'a;b\n1;2\n')
  await scratch.write('many-2.csv', 'b,a\n4,3\n')
  const source = { seed_type: 'local' as const, path: 'many-*.csv' }
  const seed = await local.open(source, scratch.context)
  expect(await allRows(seed)).toEqual([
    [1, 2],
    [3, 4],
  ])
})

test('what can be no delimiter is refused, and one for files that have none', async () => {
  for (const delimiter of ['', '"', '\n', ';;', '\ud83d']) {
    expect(local.schema.safeParse({ seed_type: 'local', path: 'a.csv', delimiter }).success).toBe(
      false,
    )
  }
  expect(local.schema.parse({ seed_type: 'local', path: 'a.csv', delimiter: 'tab' })).toMatchObject(
    {
      delimiter: '\t',
    },
  )
  await expect(read('{"a": 1}\n', { name: 'a.jsonl', delimiter: ';' })).rejects.toThrow(
    'jsonl files have no delimiter',
  )
})
