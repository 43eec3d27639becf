import { quoted } from '../../config/literal.ts'
import { readContent } from '../compression.ts'
import { SeedFault, type SeedColumn, type SeedNote } from '../define.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { inferTextType, parseTextAs } from '../text-type.ts'
import { checkUtf8 } from '../utf8.ts'
import { alignColumns, inFile, type FormatReading, defineSeedFormat } from './define.ts'
import { createRecordSplitter, type Dialect, type RecordSplitter } from './delimited-records.ts'
import { delimiterName, findDelimiter, hasHeader } from './delimiter.ts'

export const csv = defineSeedFormat({
  name: 'csv',
  description: 'Fields between commas or another delimiter.',
  endings: ['.csv'],
  streamed: true,
  hasDelimiter: true,
  open: (files, options, delimiter) =>
    openDelimited(files, { name: 'CSV', usual: ',', delimiter, looseQuotes: false }, options),
})

/** Tab-separated text is often written without quoting, so quotes inside a field stand for themselves. */
export const tsv = defineSeedFormat({
  name: 'tsv',
  description: 'Fields between tabs.',
  endings: ['.tsv'],
  streamed: true,
  hasDelimiter: true,
  open: (files, options, delimiter) =>
    openDelimited(files, { name: 'TSV', usual: '\t', delimiter, looseQuotes: true }, options),
})

interface Form extends Omit<Dialect, 'delimiter'> {
  /** The delimiter of files whose header has it. */
  readonly usual: string
  /** The one the config says; null where it says none. */
  readonly delimiter: string | null
  /** Called for each file with an unusual delimiter that the config does not state. */
  readonly onGuess?: (delimiter: string) => void
}

async function openDelimited(
  files: readonly SeedFile[],
  form: Form,
  options: ReadOptions,
): Promise<FormatReading> {
  let names: readonly string[] | null = null
  const inferences: ReturnType<typeof inferTextType>[] = []
  let size = 0
  const guesses = new Set<string>()
  const first = { ...form, onGuess: (delimiter: string) => guesses.add(delimiter) }
  for await (const { columns, records } of readTables(files, first, options)) {
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
    notes: [...guesses].map((delimiter) => guessNote(delimiter, form)),
    async *rows(rowsOptions) {
      for await (const { records } of readTables(files, form, rowsOptions)) {
        yield records.map((record) =>
          columns.map(({ type }, at) => parseTextAs(type, record[at] ?? '')),
        )
      }
    },
  }
}

function guessNote(delimiter: string, { usual }: Form): SeedNote {
  const written = delimiter === '\t' ? '"\\t"' : `"${delimiter}"`
  return {
    code: 'guessed-delimiter',
    message:
      `The seed is read with ${delimiterName(delimiter)} between its fields: ` +
      `its header has them, and no ${delimiterName(usual)}`,
    suggestion: `To say so, or otherwise, write delimiter: ${written} into seed_config.source.`,
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
  form: Form,
  options: ReadOptions,
): AsyncGenerator<Table> {
  let first: { file: SeedFile; columns: readonly string[] } | null = null
  for (const file of files) {
    for await (const { columns, records } of inFile(file, readTable(file, form, options, first))) {
      first ??= { file, columns }
      yield { columns, records }
    }
  }
}

async function* readTable(
  file: SeedFile,
  form: Form,
  options: ReadOptions,
  first: { file: SeedFile; columns: readonly string[] } | null,
): AsyncGenerator<Table> {
  let columns: readonly string[] | null = null
  let places: readonly number[] = []
  let inOrder = true
  for await (const records of readRecords(file, form, options)) {
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
  form: Form,
  options: ReadOptions,
): AsyncGenerator<string[][]> {
  let splitter: RecordSplitter | null = null
  let head = ''
  for await (const chunk of checkUtf8(readContent(file, options))) {
    let text = chunk.toString('utf8')
    if (splitter === null) {
      head += text
      if (!hasHeader(head, form)) continue
      ;({ splitter, text } = begin(head, form))
    }
    const records = splitter.split(text)
    if (records.length > 0) yield records
  }
  const rest = splitter === null ? begin(head, form) : { splitter, text: '' }
  const records = rest.splitter.split(rest.text)
  const last = [...records, ...rest.splitter.finish()]
  if (last.length > 0) yield last
}

/** A splitter for a file that begins so, and what of its beginning is to be split. */
function begin(head: string, form: Form): { splitter: RecordSplitter; text: string } {
  const { name, looseQuotes, usual } = form
  const found = findDelimiter(head, form)
  if (found === null || (found.isGuess && form.delimiter !== null)) {
    const delimiter = form.delimiter ?? usual
    return { splitter: createRecordSplitter({ name, looseQuotes, delimiter }), text: head }
  }
  if (found.isGuess) form.onGuess?.(found.delimiter)
  // What the config says counts more than what the file does.
  const delimiter = form.delimiter ?? found.delimiter
  const firstLine = found.skip > 0 ? 2 : 1
  return {
    splitter: createRecordSplitter({ name, looseQuotes, delimiter, firstLine }),
    text: head.slice(found.skip),
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
