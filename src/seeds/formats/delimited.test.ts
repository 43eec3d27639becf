import { afterAll, beforeAll, expect, test } from 'vitest'
import { Double } from '../../util/value.ts'
import { allRows, createScratch, type Scratch } from '../scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
})
afterAll(() => scratch[Symbol.asyncDispose]())

async function read(name: string, content: string | Uint8Array) {
  const seed = await scratch.open(name, content)
  return { columns: seed.columns, size: seed.size, rows: await allRows(seed) }
}

test('types come from all rows, names from the header', async () => {
  const { columns, size, rows } = await read(
    'a.csv',
    'id,price,ok,code,when,empty\n1,2,true,007,2024-05-01,\n2,3.5,false,8,,\n,,,,,\n',
  )
  expect(columns).toEqual([
    { name: 'id', type: 'int64' },
    { name: 'price', type: 'float64' },
    { name: 'ok', type: 'bool' },
    { name: 'code', type: 'string' },
    { name: 'when', type: 'string' },
    { name: 'empty', type: 'string' },
  ])
  expect(size).toBe(3)
  expect(rows).toEqual([
    [1, new Double(2), true, '007', '2024-05-01', null],
    [2, 3.5, false, '8', null, null],
    [null, null, null, null, null, null],
  ])
})

test('byte order mark, mixed line ends, quotes, line feeds and emoji in quotes', async () => {
  const { columns, rows } = await read(
    'b.CSV',
    '\uFEFF"name", note\r\n"Ann","said ""hi"", then\r\nleft"\nBo,🙂\r\n\r\n"C,D",\'x\'',
  )
  expect(columns.map(({ name }) => name)).toEqual(['name', 'note'])
  expect(rows).toEqual([
    ['Ann', 'said "hi", then\r\nleft'],
    ['Bo', '🙂'],
    ['C,D', "'x'"],
  ])
})

test('TSV keeps commas and quotes inside fields', async () => {
  const { rows } = await read('c.tsv', 'size\ttext\n5" pipe\ta,b\n"7"\t"x\ty"\n')
  expect(rows).toEqual([
    ['5" pipe', 'a,b'],
    ['7', 'x\ty'],
  ])
})

test('characters on the border of two chunks stay whole', async () => {
  const long = 'é🙂'.repeat(100_000)
  const { rows } = await read('d.csv', `a,b\nx${long},1\n${long},2\n`)
  expect(rows).toEqual([
    [`x${long}`, 1],
    [long, 2],
  ])
})

test.each([
  ['a,b\n1,2\n3,4,5\n', 'line 3 has 3 fields, and the header has 2 fields'],
  ['a,b\n1,2\n\n3\n', 'line 4 has 1 field, and the header has 2 fields'],
  ['a,b\r\n1,"x\r\ny"\r\n3\r\n', 'line 4 has 1 field, and the header has 2 fields'],
  ['a,a\n1,2\n', "the header names the column 'a' twice"],
  ['a,,c\n1,2,3\n', 'the header names 3 columns, and number 2 has no name'],
  ['', 'the file is empty'],
  ['a,b\n"1,2\n', 'the quote that opens a field on line 2 is not closed'],
  ['a,b\n1,"2\n', 'the quote that opens a field on line 2 is not closed'],
  ['a,b\n1,x"y\n', 'line 2 is not CSV: a quote is inside field 2, which does not begin with one'],
])('%j is refused', async (content, message) => {
  await expect(read('e.csv', content)).rejects.toThrow(message)
})

test('bytes that are not UTF-8 are refused with their offset', async () => {
  const latin = Buffer.from('name\ncafé\n', 'latin1')
  await expect(read('f.csv', latin)).rejects.toThrow('not UTF-8: byte 8 begins no character')
  const late = Buffer.concat([
    Buffer.from(`a\n${'é'.repeat(300_000)}\n`),
    Buffer.from([0xe2, 0x82]),
  ])
  await expect(read('g.csv', late)).rejects.toThrow('not UTF-8: byte 600003 begins no character')
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a\n1\n', 'utf16le')])
  await expect(read('h.csv', wide)).rejects.toThrow('UTF-16')
})
