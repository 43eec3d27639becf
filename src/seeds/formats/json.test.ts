import { afterAll, beforeAll, expect, test } from 'vitest'
import { Double } from '../../util/value.ts'
import { allRows, createScratch, type Scratch } from '../scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

async function read(name: string, content: string) {
  const seed = await scratch.open(name, content)
  return {
    columns: Object.fromEntries(seed.columns.map(({ name: column, type }) => [column, type])),
    size: seed.size,
    rows: await allRows(seed),
  }
}

const objects = [
  '{"i": 1, "f": 1, "s": "a", "b": true, "n": null, "o": {"k": [1, 2.0]}, "m": 1}',
  '{"i": 9007199254740993, "f": 0.5, "s": "}],[\\"", "b": null, "l": [], "m": "x"}',
]

const expected = {
  columns: {
    i: 'int64',
    f: 'float64',
    s: 'string',
    b: 'bool',
    n: 'string',
    o: 'json',
    m: 'json',
    l: 'json',
  },
  size: 2,
  rows: [
    [1, new Double(1), 'a', true, null, new Map([['k', [1, new Double(2)]]]), 1, null],
    [9007199254740993n, 0.5, '}],["', null, null, null, 'x', []],
  ],
}

test.each([
  ['a.jsonl', `${objects.join('\n')}\n`],
  ['b.JSONL', `\uFEFF${objects.join('\r\n\r\n')}`],
  ['c.json', `[${objects.join(',')}]`],
  ['d.json', ` [\n${objects.join(' ,\n')}\n]\n`],
  ['e.json', objects.join('\n')],
])('%s', async (name, content) => {
  expect(await read(name, content)).toEqual(expected)
})

test('elements that span chunks stay whole', async () => {
  const long = '{"[é🙂\\"'.repeat(60_000).replaceAll('"[', '\\"[')
  const rows = [`{"a": "${long}"}`, `{"a": "x${long}"}`]
  const [list, lines] = [
    await read('f.json', `[${rows.join(',')}]`),
    await read('g.jsonl', rows.join('\n')),
  ]
  expect(list).toEqual(lines)
  expect(list.rows[0]?.[0]).toBe(JSON.parse(rows[0] ?? '').a)
})

test('an empty list has no rows', async () => {
  expect(await read('h.json', '[ ]')).toEqual({ columns: {}, size: 0, rows: [] })
})

test.each([
  ['i.jsonl', '{"a": 1}\n{"a": }\n', 'line 2, column 7 is not JSON: expected a value, found "}"'],
  ['i.jsonl', '{"a": 1}\n\n[1]\n', 'row 2 (line 3) is a list, and a seed row is an object'],
  ['j.json', '[\n{"a": 1},\n{"a":\n oops}]', 'line 4, column 2 is not JSON'],
  ['j.json', '[{"a": 1},\n 3]', 'row 2 (line 2) is a number, and a seed row is an object'],
  ['j.json', '[{"a": 1},]', 'a comma precedes the end of the list'],
  ['j.json', '[,{"a": 1}]', 'a value is missing before a comma'],
  ['j.json', '[{"a": 1} {"a": 2}]', 'line 1, column 10 is not JSON'],
  ['j.json', '[{"a": 1}', 'the file ends before'],
  ['j.json', '[{"a": 1}, {"a":\n', 'the file ends before what begins on line 1 does'],
  ['j.json', '[{"a": 1}] x', 'the list has ended, and more text follows'],
  ['j.json', '"text"', 'expected a list of objects'],
  ['j.json', '[{"": 1}]', 'a row has a value under an empty name'],
])('%s %j is refused', async (name, content, message) => {
  await expect(read(name, content)).rejects.toThrow(message)
})
