import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { quoted } from '../../config/literal.ts'
import { SeedFault } from '../define.ts'
import type { SeedFile } from '../file.ts'
import { inferTextType, parseTextAs } from '../text-type.ts'
import { checkUtf8 } from '../utf8.ts'
import { batchRows, type FormatReading, type SeedFormat } from './define.ts'

/** A record beyond this is taken for a quote that was never closed. */
const longestRecord = 64 * 1024 * 1024

export const csv: SeedFormat = {
  name: 'csv',
  endings: ['.csv'],
  open: (file, signal) => openDelimited(file, { delimiter: ',', looseQuotes: false }, signal),
}

/** Tab-separated text is often written without quoting, so quotes inside a field stand for themselves. */
export const tsv: SeedFormat = {
  name: 'tsv',
  endings: ['.tsv'],
  open: (file, signal) => openDelimited(file, { delimiter: '\t', looseQuotes: true }, signal),
}

interface Dialect {
  delimiter: string
  looseQuotes: boolean
}

async function openDelimited(
  file: SeedFile,
  dialect: Dialect,
  signal: AbortSignal,
): Promise<FormatReading> {
  let names: readonly string[] | null = null
  const inferences: ReturnType<typeof inferTextType>[] = []
  let size = 0
  for await (const records of readRecords(file, dialect, signal)) {
    for (const record of records) {
      if (names === null) {
        names = readHeader(record)
        for (const _ of names) inferences.push(inferTextType())
        continue
      }
      for (const [at, text] of record.entries()) inferences[at]?.see(text)
      size++
    }
  }
  if (names === null) {
    throw new SeedFault('empty-seed', 'the file is empty', {
      suggestion: 'Write the column names into its first line and one row into each further line.',
    })
  }
  const columns = names.map((name, at) => ({ name, type: inferences[at]?.type() ?? 'string' }))
  return {
    columns,
    size,
    async *rows(rowsSignal) {
      let header = true
      for await (const records of readRecords(file, dialect, rowsSignal)) {
        const batch = header ? records.slice(1) : records
        header = false
        yield batch.map((record) =>
          columns.map(({ type }, at) => parseTextAs(type, record[at] ?? '')),
        )
      }
    },
  }
}

async function* readRecords(
  file: SeedFile,
  { delimiter, looseQuotes }: Dialect,
  signal: AbortSignal,
): AsyncGenerator<string[][]> {
  const parser = parse({
    delimiter,
    // Discovery would look at the first line only; files mix them.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: looseQuotes,
    skip_empty_lines: true,
    max_record_size: longestRecord,
  })
  const feeding = pipeline(Readable.from(checkUtf8(file.chunks(signal))), parser)
  // The same error ends the loop below, which is where it is reported.
  feeding.catch(() => undefined)
  try {
    let batch: string[][] = []
    for await (const record of parser) {
      batch.push(record as string[])
      if (batch.length === batchRows) {
        yield batch
        batch = []
      }
    }
    if (batch.length > 0) yield batch
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // A record's error comes behind its line break, any other in front of the field's first byte.
    const behind = error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH' ? 0 : 1
    const line = await lineOf(file, Number(error['bytes']) + behind, signal)
    throw toFault(error, line, delimiter)
  }
}

function readHeader(record: readonly string[]): readonly string[] {
  const names = record.map((name) => name.trim())
  const empty = names.indexOf('')
  if (empty !== -1) {
    throw new SeedFault(
      'empty-column-name',
      `the header names ${names.length} columns, and number ${empty + 1} has no name`,
      { suggestion: 'Give every column a name in the first line.' },
    )
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw new SeedFault('duplicate-column', `the header names the column ${quoted(twice)} twice`, {
      suggestion: 'Rename one of them in the first line.',
    })
  }
  return names
}

/** The line of the last of the first `end` bytes: the parser's own count takes a quoted CRLF for two. */
async function lineOf(file: SeedFile, end: number, signal: AbortSignal): Promise<number> {
  let line = 1
  let start = 0
  let before = 0
  for await (const chunk of checkUtf8(file.chunks(signal))) {
    for (const byte of chunk.subarray(0, Math.max(0, end - start))) {
      if (before === 0x0a || (before === 0x0d && byte !== 0x0a)) line++
      before = byte
    }
    start += chunk.length
    if (start >= end) break
  }
  return line
}

function toFault(error: CsvError, line: number, delimiter: string): SeedFault {
  const kind = delimiter === '\t' ? 'TSV' : 'CSV'
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH': {
      // Only the text of the parser's error has both numbers.
      const [, expected, got] = /expect (\d+), got (\d+)/.exec(error.message) ?? []
      return new SeedFault(
        'ragged-row',
        `line ${line} has ${countFields(got)}, and the header has ${countFields(expected)}`,
        {
          cause: error,
          suggestion: 'Put quotes around values that hold the delimiter, and fill in empty fields.',
        },
      )
    }
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return new SeedFault(
        'unclosed-quote',
        `the quote that opens a field on line ${line} is not closed`,
        {
          cause: error,
          suggestion: 'Close the quote; a quote inside a quoted field is written twice.',
        },
      )
    default:
      return new SeedFault(
        'bad-csv',
        `line ${line} is not ${kind}: ${error.message.replace(/ at line .*/, '')}`,
        {
          cause: error,
          suggestion: 'A field with quotes stands in quotes, with each inner quote written twice.',
        },
      )
  }
}

function countFields(count: string | undefined): string {
  return count === '1' ? '1 field' : `${count ?? 'too many'} fields`
}
