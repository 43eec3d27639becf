import { quoted } from '../../config/literal.ts'
import { isTimeType } from '../../graph/column-type.ts'
import type { SeedColumn, SeedNote } from '../define.ts'
import type { ReadOptions, SeedFile } from '../file.ts'
import { alignColumns, faultIn, inFile, type FormatReading, defineSeedFormat } from './define.ts'
import type { FileColumn } from './parquet-findings.ts'
import { startParquetThread } from './parquet-thread.ts'

export const parquet = defineSeedFormat({
  name: 'parquet',
  description: 'Parquet files.',
  endings: ['.parquet'],
  streamed: false,
  open: openParquet,
})

async function openParquet(
  files: readonly SeedFile[],
  { signal }: ReadOptions,
): Promise<FormatReading> {
  let columns: readonly FileColumn[] = []
  let size = 0
  await using thread = startParquetThread(signal)
  for (const [at, file] of files.entries()) {
    signal.throwIfAborted()
    try {
      const table = await thread.describe(file, { isOneOfSeveral: files.length > 1 })
      columns = at === 0 ? table.columns : widen(columns, files[0] ?? file, table.columns)
      size += table.size
    } catch (error) {
      throw faultIn(file, error)
    }
  }
  const described = columns
    .filter(({ isBinary }) => !isBinary)
    .map(({ name, type }): SeedColumn => ({ name, type }))
  return {
    columns: described,
    size,
    notes: columns.flatMap(noteOf),
    async *rows(options) {
      await using reader = startParquetThread(options.signal)
      for (const file of files) {
        const onBytes = (bytes: number): void => options.onBytes?.(file, bytes)
        yield* inFile(file, reader.rows(file, described, onBytes))
      }
    },
  }
}

/** Columns of the files so far, of types that hold the values of a further one too. */
function widen(
  columns: readonly FileColumn[],
  first: SeedFile,
  own: readonly FileColumn[],
): FileColumn[] {
  const places = alignColumns(
    columns.map(({ name }) => name),
    first,
    own.map(({ name }) => name),
  )
  return columns.map((column, at) => {
    const other = own[places[at] ?? at]
    return other === undefined ? column : common(column, other)
  })
}

/** A column without values gives way; numbers and dates among texts are texts, as in CSV. */
function common(one: FileColumn, two: FileColumn): FileColumn {
  if (one.isBinary || two.isBinary) return { ...one, isBinary: true }
  if (two.isEmpty) return one
  if (one.isEmpty) return two
  const isLong = one.isLong || two.isLong
  const decimal = one.decimal ?? two.decimal
  const both = { ...one, isLong, decimal }
  if (one.type === two.type) return both
  // Dates that are counted in two ways have their texts in common.
  const types = new Set([one, two].map(({ type }) => (isTimeType(type) ? 'string' : type)))
  if (types.size === 1) return { ...both, type: 'string' }
  const areNumbers = types.has('int64') && types.has('float64')
  // As a double, a long whole number would be another one.
  if (areNumbers) return { ...both, type: isLong ? 'json' : 'float64' }
  const hasNumber = types.has('int64') || types.has('float64')
  return { ...both, type: types.has('string') && hasNumber ? 'string' : 'json' }
}

function noteOf({ name, type, decimal, isBinary }: FileColumn): SeedNote[] {
  if (isBinary) {
    return [
      {
        code: 'binary-column',
        message: `The seed column ${quoted(name)} is omitted: its bytes are not text`,
        suggestion: 'To use them, write them as text (base64), or as paths of files.',
      },
    ]
  }
  if (decimal === null || type !== 'string') return []
  const holder = decimal.scale > 0 ? '15 digits' : '64 bits'
  return [
    {
      code: 'decimal-as-text',
      message:
        `The seed column ${quoted(name)} is read as text: it is DECIMAL(${decimal.precision}, ` +
        `${decimal.scale}), and some of its numbers need more than ${holder}`,
      suggestion: 'In a template, {{ NAME | float }} makes a number of it, with 15 digits.'.replace(
        'NAME',
        name,
      ),
    },
  ]
}
