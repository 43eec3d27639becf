import type { ColumnType } from '../graph/kind.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import { RowsmithError } from '../util/errors.ts'

/** What SQLite keeps of a value: it has no boolean, turns NaN into NULL and a number into REAL. */
export function toSql(type: ColumnType, stored: StoredValue): string | number | bigint | null {
  if (stored === null || typeof stored === 'string' || typeof stored === 'bigint') return stored
  if (typeof stored === 'boolean') return stored ? 1n : 0n
  if (type === 'int64') return BigInt(stored)
  return Number.isNaN(stored) ? 'NaN' : stored
}

/** The reverse of `toSql`, for a value read with integers as bigints. */
export function fromSql(type: ColumnType, value: unknown): StoredValue {
  if (value === null) return null
  switch (type) {
    case 'string':
    case 'json':
      if (typeof value === 'string') return value
      break
    case 'int64':
      if (typeof value === 'bigint') return value
      break
    case 'float64':
      if (typeof value === 'number') return value
      if (value === 'NaN') return Number.NaN
      break
    case 'bool':
      if (typeof value === 'bigint') return value !== 0n
      break
  }
  throw new RowsmithError(
    'ledger-corrupt',
    `ledger: a cell of a ${type} column holds a value of another kind (${typeof value})`,
  )
}
