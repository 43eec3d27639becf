import type { FileMetaData, SchemaElement } from 'hyparquet'
import { toDouble, toInteger, type Value } from '../../util/value.ts'

/** A Parquet DECIMAL, whole numbers that count units of 10^-scale, or a type that is read as one. */
export interface Decimal {
  readonly scale: number
  readonly precision: number
}

/** Unsigned numbers of 64 bits: up to 20 digits, more than an int64 holds. */
const unsigned: Decimal = { scale: 0, precision: 20 }

/** Digits that every double keeps. */
const doubleDigits = 15
/** Digits that every int64 keeps. */
const int64Digits = 18

export function decimalOf(element: SchemaElement): Decimal | null {
  const { converted_type: converted, logical_type: logical } = element
  if (isUnsigned(element)) return unsigned
  if (logical?.type === 'DECIMAL') return { scale: logical.scale, precision: logical.precision }
  if (converted !== 'DECIMAL') return null
  return { scale: element.scale ?? 0, precision: element.precision ?? Infinity }
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  if (converted === 'UINT_64') return true
  return logical?.type === 'INTEGER' && logical.bitWidth === 64 && !logical.isSigned
}

/** What a column of that type is called in its file. */
export function decimalName(decimal: Decimal): string {
  return decimal === unsigned ? 'UINT64' : `DECIMAL(${decimal.precision}, ${decimal.scale})`
}

/**
 * The same file with its decimals as the numbers and bytes they are stored in: the reader would
 * make doubles of them, which lose digits from the 16th on.
 */
export function withStoredDecimals(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element): SchemaElement => {
    // The reader knows unsigned numbers.
    if (decimalOf(element) === null || isUnsigned(element)) return element
    const { converted_type: _converted, logical_type: _logical, ...stored } = element
    return stored
  })
  return { ...metadata, schema }
}

/** Whether a number type holds every value of that precision. */
export function fitsByPrecision({ scale, precision }: Decimal): boolean {
  return precision <= (scale > 0 ? doubleDigits : int64Digits)
}

/** Whether a number type holds a value exactly: an int64, or a double of 15 digits. */
export function fits({ scale }: Decimal, units: bigint): boolean {
  if (scale > 0) return units < 10n ** 15n && units > -(10n ** 15n)
  const value = units * 10n ** BigInt(-scale)
  return BigInt.asIntN(64, value) === value
}

/** Whether a number type holds what statistics tell, which are rounded; null when that is unsure. */
export function fitsBound({ scale }: Decimal, bound: unknown): boolean | null {
  if (typeof bound !== 'number' && typeof bound !== 'bigint') return null
  const limit = scale > 0 ? 10 ** (doubleDigits - scale) : 2 ** 63
  const ratio = Math.abs(Number(bound)) / limit
  if (ratio < 1 - 1e-9) return true
  return ratio > 1 + 1e-9 ? false : null
}

export function numberType({ scale }: Decimal): 'int64' | 'float64' {
  return scale > 0 ? 'float64' : 'int64'
}

/** Units as a number: whole ones of any size, others as the nearest double. */
export function decimalNumber(decimal: Decimal, units: bigint): Value {
  if (decimal.scale > 0) return toDouble(Number(decimalText(decimal, units)))
  return toInteger(units * 10n ** BigInt(-decimal.scale))
}

/** All digits, as many behind the point as the type says. */
export function decimalText({ scale }: Decimal, units: bigint): string {
  if (scale <= 0) return String(units * 10n ** BigInt(-scale))
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** What is stored: a number, or bytes of two's complement, most significant first. */
export function readUnits(raw: unknown): bigint {
  if (typeof raw === 'bigint') return raw
  if (typeof raw === 'number') return BigInt(raw)
  if (!(raw instanceof Uint8Array)) throw new Error('it is stored as no number')
  if (raw.length === 0) return 0n
  const hex = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('hex')
  return BigInt.asIntN(raw.length * 8, BigInt(`0x${hex}`))
}
