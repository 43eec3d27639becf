import type { ColumnType } from '../graph/column-type.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'

/** A column by whose values a dataset is split into files. */
export interface PartColumn {
  readonly name: string
  readonly type: ColumnType
}

/** More would be a mistake: a file each. */
const MOST_PARTS = 100
/** What a file may be named on every system, without a separator. */
const fileName = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_. -]{0,99}(?<![. ])$/u

/** The column of a name; refuses one whose values can't name files. */
export function partColumn(columns: readonly RecordColumn[], name: string): PartColumn {
  const column = columns.find((one) => one.name === name)
  if (column === undefined) {
    const meant = nearest(
      name,
      columns.map((one) => one.name),
    )
    throw new RowsmithError('usage', `the dataset has no column '${name}' to be split by`, {
      hints: [
        ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
        `The processor split adds one. There are ${columns.map((one) => one.name).join(', ')}.`,
      ],
    })
  }
  const { type } = column
  if (type !== 'string' && type !== 'int64' && type !== 'bool') {
    throw new RowsmithError(
      'usage',
      `the values of '${name}' can't name files: the column is of type ${type}`,
      { hints: ['Split by a column of texts, whole numbers or booleans.'] },
    )
  }
  return { name, type }
}

/** The names of the parts, as their values come. */
export interface PartNames {
  /** Refuses a value that can't name a file. */
  of(value: unknown): string
  readonly all: readonly string[]
}

export function createPartNames(column: string): PartNames {
  const names = new Set<string>()
  /** File systems may not tell upper from lower case. */
  const folded = new Map<string, string>()
  return {
    of(value) {
      const name = String(value)
      if (names.has(name)) return name
      if (value === null || value === undefined || !fileName.test(name)) {
        throw unusable(
          value === null || value === undefined
            ? `a record has no value in '${column}'`
            : `a value of '${column}' can't name a file: ${JSON.stringify(name.slice(0, 100))}`,
        )
      }
      const key = name.normalize('NFC').toLowerCase()
      const like = folded.get(key)
      if (like !== undefined) {
        throw unusable(`'${like}' and '${name}' of '${column}' would be one file on some systems`)
      }
      if (names.size >= MOST_PARTS) {
        throw unusable(`'${column}' has more than ${MOST_PARTS} different values, a file each`)
      }
      folded.set(key, name)
      names.add(name)
      return name
    },
    get all() {
      return [...names]
    },
  }
}

function unusable(message: string): RowsmithError {
  return new RowsmithError('usage', message, {
    hints: ['Split by a column with few short values, such as the one the processor split adds.'],
  })
}
