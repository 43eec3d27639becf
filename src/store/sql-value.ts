import type { ColumnType, VectorType } from '../graph/column-type.ts'
import type { StoredValue } from '../graph/stored-value.ts'
import { RowsmithError } from '../util/errors.ts'

/**
 * What SQLite keeps of a value: it has no boolean, turns NaN into NULL and a number into REAL. A
 * vector is a blob of little-endian floats of 32 bits.
 */
export function toSql(
  type: ColumnType,
  stored: StoredValue,
): string | number | bigint | Uint8Array | null {
  if (stored === null || typeof stored === 'string' || typeof stored === 'bigint') return stored
  if (typeof stored === 'boolean') return stored ? 1n : 0n
  if (stored instanceof Float32Array) return blobOf(stored)
  if (type === 'int64') return BigInt(stored)
  return Number.isNaN(stored) ? 'NaN' : stored
}

/** The reverse of `toSql`, for a value read with integers as bigints. */
export function fromSql(type: ColumnType, value: unknown): StoredValue {
  if (value === null) return null
  switch (type) {
    case 'string':
    case 'json':
    case 'media':
    case 'date':
    case 'timestamp':
    case 'timestamp_utc':
    case 'timestamp_ns':
    case 'timestamp_ns_utc':
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
    default:
      if (isVector(type, value)) return vectorOf(value)
  }
  throw new RowsmithError(
    'ledger-corrupt',
    `ledger: a cell of a ${type} column holds a value of another kind (${typeof value})`,
  )
}

/** Every machine this runs on is little-endian, as the format says. */
function blobOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

function isVector(_type: VectorType, value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length % 4 === 0
}

/** In a separate buffer: SQLite's may begin anywhere. */
function vectorOf(blob: Uint8Array): Float32Array {
  return new Float32Array(blob.slice().buffer)
}
