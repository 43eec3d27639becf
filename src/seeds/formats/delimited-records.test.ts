import { parse } from 'csv-parse/sync'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecordSplitter } from './delimited-records.ts'

const dialects = [
  { name: 'CSV', delimiter: ',', looseQuotes: false },
  { name: 'TSV', delimiter: '\t', looseQuotes: true },
] as const

/** Records, or null where the text is refused. */
type Outcome = string[][] | null

function ours(pieces: readonly string[], dialect: (typeof dialects)[number]): Outcome {
  const splitter = createRecordSplitter(dialect)
  try {
    return [...pieces.flatMap((piece) => splitter.split(piece)), ...splitter.finish()]
  } catch {
    return null
  }
}

function theirs(text: string, { delimiter, looseQuotes }: (typeof dialects)[number]): Outcome {
  try {
    return parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_quotes: looseQuotes,
      skip_empty_lines: true,
    })
  } catch {
    return null
  }
}

// Mostly what has a meaning, in pieces of any length.
const pieces = fc.array(
  fc.string({
    unit: fc.constantFrom('a', 'é', ' ', '"', '"', ',', '\t', '\r', '\n'),
    maxLength: 8,
  }),
  { maxLength: 6 },
)

test.each(dialects)('$name is cut as csv-parse cuts it, wherever pieces end', (dialect) => {
  let accepted = 0
  fc.assert(
    fc.property(pieces, (cut) => {
      const text = cut.join('')
      const outcome = ours(cut, dialect)
      expect(outcome).toEqual(theirs(text, dialect))
      expect(ours([text], dialect)).toEqual(outcome)
      if (outcome !== null && outcome.length > 1) accepted += 1
    }),
    { numRuns: 5_000 },
  )
  expect(accepted).toBeGreaterThan(100)
})

test('a quoted field over many pieces, with line breaks that are counted', () => {
  const splitter = createRecordSplitter(dialects[0])
  const records = ['a,b\n1,"x\r', '\ny', '\r', 'z""', '"\r', '\n2,3,4'].flatMap((piece) =>
    splitter.split(piece),
  )
  expect(records).toEqual([
    ['a', 'b'],
    ['1', 'x\r\ny\rz"'],
  ])
  expect(() => splitter.finish()).toThrow('line 5 has 3 fields, and the header has 2 fields')
})

test('a record is at most 64 MiB', () => {
  const piece = 'x'.repeat(2 ** 20)
  function feed(first: string): void {
    const splitter = createRecordSplitter(dialects[0])
    splitter.split(first)
    for (let count = 0; count < 65; count += 1) splitter.split(piece)
  }
  expect(() => feed('a\n1\n')).toThrow('the row that begins on line 3 is longer than 64 MiB')
  expect(() => feed('a\n"1')).toThrow('the quote that opens a field on line 2 is not closed')
})
