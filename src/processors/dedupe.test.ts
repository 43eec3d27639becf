import { expect, test } from 'vitest'
import { passed } from '../../test/support/pass-case.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { createRandom } from '../random/random.ts'
import type { Cell } from '../util/value.ts'

const columns: RecordColumn[] = [
  { name: 'text', type: 'string' },
  { name: 'n', type: 'int64' },
  { name: 'v', type: 'vector' },
]

const dedupe = (fields: object): object[] => [{ processor_type: 'dedupe', ...fields }]

test('exact keeps the first of equal records, over all columns or some', async () => {
  const records: Cell[][] = [
    ['a', 1, null],
    ['b', 1, Float32Array.of(1, 2)],
    ['a', 1, null],
    ['a', null, null],
    ['b', 1, Float32Array.of(1, 2)],
  ]
  const all = await passed(dedupe({}), columns, records)
  expect(all.rows).toEqual([0, 1, 3])
  expect(all.counts).toEqual([{ processor: 'p0', what: 'duplicates', times: 2 }])
  const some = await passed(dedupe({ columns: ['text'], duplicates: 'mark' }), columns, records)
  expect(some.records.map((record) => record.at(-1))).toEqual([null, null, 0, 0, 1])
  expect(some.names.at(-1)).toBe('duplicate_of')
})

test('near finds planted copies of texts, and nothing else', async () => {
  const random = createRandom(3n, 'texts')
  const word = (): string =>
    Array.from({ length: 4 + random.below(6) }, () =>
      String.fromCharCode(97 + random.below(26)),
    ).join('')
  const own: { words: string[]; row: number }[] = []
  const copyOf: (number | null)[] = []
  const records = Array.from({ length: 2_000 }, (_, row): Cell[] => {
    const isCopy = row > 20 && random.uniform() < 0.1
    const of = own[random.below(Math.max(1, own.length))]
    const words = isCopy && of !== undefined ? [...of.words] : Array.from({ length: 40 }, word)
    copyOf.push(isCopy ? (of?.row ?? null) : null)
    if (isCopy) words[random.below(words.length)] = word().toUpperCase()
    else own.push({ words, row })
    return [words.join(isCopy ? ',  ' : ' '), row, null]
  })
  const made = await passed(
    dedupe({ method: 'near', columns: ['text'], duplicates: 'mark' }),
    columns,
    records,
  )
  const found = made.records.map((record) => record.at(-1))
  const planted = copyOf.filter((of) => of !== null).length
  const right = copyOf.filter((of, row) => of !== null && found[row] === of).length
  expect(right / planted).toBeGreaterThanOrEqual(0.95)
  expect(found.filter((of) => of !== null).length).toBe(right)
})

test('texts without letters are never alike, and a short one only equals its like', async () => {
  const texts = ['', '…', null, '!', 'Ja', 'ja!', 'nein']
  const records = texts.map((text): Cell[] => [text, 1, null])
  const made = await passed(dedupe({ method: 'near', columns: ['text'] }), columns, records)
  expect(made.rows).toEqual([0, 1, 2, 3, 4, 6])
})

test('semantic compares directions of vectors', async () => {
  const random = createRandom(5n, 'vectors')
  const vectors = Array.from({ length: 300 }, () =>
    Float32Array.from({ length: 32 }, () => random.normal()),
  )
  const near = vectors.map((vector) => vector.map((one) => 3 * one + 0.3 * random.normal()))
  const records = [...vectors, ...near].map((vector): Cell[] => ['', 1, vector])
  records.push(['', 1, null], ['', 1, new Float32Array(32)], ['', 1, Float32Array.of(1)])
  const made = await passed(
    dedupe({ method: 'semantic', columns: ['v'], duplicates: 'mark' }),
    columns,
    records,
  )
  const found = made.records.map((record) => record.at(-1))
  expect(found.slice(0, 300).every((of) => of === null)).toBe(true)
  expect(found.slice(300, 600).filter((of, at) => of === at).length).toBeGreaterThanOrEqual(297)
  expect(found.slice(600)).toEqual([null, null, null])
})

test.each([
  [{ method: 'near' }, 'The method near needs columns'],
  [{ method: 'near', columns: ['n'] }, "'n' can't be compared by the method near"],
  [{ method: 'semantic', columns: ['text'] }, "'text' can't be compared by the method semantic"],
  [{ method: 'semantic', columns: ['v', 'v'] }, 'compares one column'],
  [{ method: 'semantic', columns: ['v'], threshold: 0.5 }, 'finds nothing below'],
  [{ threshold: 0.5 }, 'has no threshold'],
  [{ columns: ['txt'] }, "'txt' matches no column"],
  [{ columns: ['*'] }, "'*' matches no column"],
  [{ duplicates: 'mark', column: 'n' }, "adds a column 'n'"],
])('refuses %o', async (fields, message) => {
  await expect(passed(dedupe(fields), columns, [])).rejects.toThrow(message)
})
