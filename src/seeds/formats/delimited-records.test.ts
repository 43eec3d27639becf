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

function theirs(text: string, { delimiter }: (typeof dialects)[number], relaxed: boolean): Outcome {
  try {
    return parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_quotes: relaxed,
      skip_empty_lines: true,
    })
  } catch {
    return null
  }
}

/** What csv-parse makes of a text; it has no say where it would drop quotes and line breaks. */
function expectedOf(
  text: string,
  dialect: (typeof dialects)[number],
  ourOutcome: Outcome,
): Outcome {
  const strict = theirs(text, dialect, false)
  if (!dialect.looseQuotes || strict !== null) return strict
  const quoteBeginsField = /(?:^|[\t\r\n])"/.test(text)
  return quoteBeginsField ? ourOutcome : theirs(text, dialect, true)
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
      expect(outcome).toEqual(expectedOf(text, dialect, outcome))
      expect(ours([text], dialect)).toEqual(outcome)
      if (outcome !== null && outcome.length > 1) accepted += 1
    }),
    { numRuns: 5_000 },
  )
  expect(accepted).toBeGreaterThan(100)
})

/** Fields of TSV as they are written, and their values. */
const looseField = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ' ', ','), minLength: 1, maxLength: 4 }).map(plain),
  fc
    .constantFrom('5" wide', 'a "b" c', '"a" b', '"it""s" x', '""x', '"" "y"', '"a"b"c"')
    .map(plain),
  fc
    .string({ unit: fc.constantFrom('a', '"', '\t', '\n'), maxLength: 4 })
    .map((value) => ({ written: `"${value.replaceAll('"', '""')}"`, value })),
)

function plain(written: string): { written: string; value: string } {
  return { written, value: written }
}

test('quotes of TSV with text behind them come back as they are written', () => {
  const rows = fc.array(fc.tuple(looseField, looseField), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(rows, fc.nat(), (fields, at) => {
      const text = fields.map((row) => row.map(({ written }) => written).join('\t')).join('\n')
      const cut = at % text.length
      expect(ours([text.slice(0, cut), text.slice(cut)], dialects[1])).toEqual(
        fields.map((row) => row.map(({ value }) => value)),
      )
    }),
  )
})

test.each([
  ['another line', 'x\ty\n"a\tb\n"c\td\ne\tf\n', 2],
  ['another field', 'x\ty\n1\t2\n"a\tb"c\n', 3],
])('a quote of TSV that pairs with one on %s is refused', (_where, text, line) => {
  const splitter = createRecordSplitter(dialects[1])
  expect(() => splitter.split(text)).toThrow(
    `line ${line} is not TSV: the quote that opens a field closes after the field's end`,
  )
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
