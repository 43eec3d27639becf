import { quoted } from '../../config/literal.ts'
import { readContent } from '../compression.ts'
import { SeedFault, type SeedColumn } from '../define.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { inferTextType, parseTextAs } from '../text-type.ts'
import { checkUtf8 } from '../utf8.ts'
import { alignColumns, inFile, type FormatReading, type SeedFormat } from './define.ts'
import { createRecordSplitter, type Dialect } from './delimited-records.ts'

export const csv: SeedFormat = {
  name: 'csv',
  endings: ['.csv'],
  streamed: true,
  open: (files, options) =>
    openDelimited(files, { name: 'CSV', delimiter: ',', looseQuotes: false }, options),
}

/** Tab-separated text is often written without quoting, so quotes inside a field stand for themselves. */
export const tsv: SeedFormat = {
  name: 'tsv',
  endings: ['.tsv'],
  streamed: true,
  open: (files, options) =>
    openDelimited(files, { name: 'TSV', delimiter: '\t', looseQuotes: true }, options),
}

async function openDelimited(
  files: readonly SeedFile[],
  dialect: Dialect,
  options: ReadOptions,
): Promise<FormatReading> {
  let names: readonly string[] | null = null
  const inferences: ReturnType<typeof inferTextType>[] = []
  let size = 0
  for await (const { columns, records } of readTables(files, dialect, options)) {
    if (names === null) {
      names = columns
      for (const _ of names) inferences.push(inferTextType())
    }
    size += records.length
    for (const record of records) {
      for (let at = 0; at < record.length; at++) inferences[at]?.see(record[at] ?? '')
    }
  }
  if (names === null) {
    throw new SeedFault(
      'empty-seed',
      files.length > 1 ? 'all files are empty' : 'the file is empty',
      {
        suggestion:
          'Write the column names into its first line and one row into each further line.',
      },
    )
  }
  const columns = names.map((name, at): SeedColumn => ({
    name,
    type: inferences[at]?.type() ?? 'string',
  }))
  return {
    columns,
    size,
    async *rows(rowsOptions) {
      for await (const { records } of readTables(files, dialect, rowsOptions)) {
        yield records.map((record) =>
          columns.map(({ type }, at) => parseTextAs(type, record[at] ?? '')),
        )
      }
    },
  }
}

interface Table {
  columns: readonly string[]
  /** Rows of one file, with their fields in the order of the columns. */
  records: readonly string[][]
}

/** Files without a byte have no header and no rows. */
async function* readTables(
  files: readonly SeedFile[],
  dialect: Dialect,
  options: ReadOptions,
): AsyncGenerator<Table> {
  let first: { file: SeedFile; columns: readonly string[] } | null = null
  for (const file of files) {
    for await (const { columns, records } of inFile(
      file,
      readTable(file, dialect, options, first),
    )) {
      first ??= { file, columns }
      yield { columns, records }
    }
  }
}

async function* readTable(
  file: SeedFile,
  dialect: Dialect,
  options: ReadOptions,
  first: { file: SeedFile; columns: readonly string[] } | null,
): AsyncGenerator<Table> {
  let columns: readonly string[] | null = null
  let places: readonly number[] = []
  let inOrder = true
  for await (const records of readRecords(file, dialect, options)) {
    const isFirst = columns === null
    if (columns === null) {
      const header = readHeader(records[0] ?? [])
      columns = first?.columns ?? header
      if (first !== null) places = alignColumns(columns, first.file, header)
      inOrder = places.every((place, at) => place === at)
    }
    const rows = isFirst ? records.slice(1) : records
    yield {
      columns,
      records: inOrder ? rows : rows.map((record) => places.map((place) => record[place] ?? '')),
    }
  }
}

/** Batches of at least one record. */
async function* readRecords(
  file: SeedFile,
  dialect: Dialect,
  options: ReadOptions,
): AsyncGenerator<string[][]> {
  const splitter = createRecordSplitter(dialect)
  for await (const chunk of checkUtf8(readContent(file, options))) {
    const records = splitter.split(chunk.toString('utf8'))
    if (records.length > 0) yield records
  }
  const last = splitter.finish()
  if (last.length > 0) yield last
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
