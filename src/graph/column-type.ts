import type { TimestampForm } from '../util/timestamp.ts'

/** Dates with a time: their cells are texts in ISO 8601 with as many digits as are not zero. */
const timestampForms = {
  timestamp: { perSecond: 1_000_000, utc: false },
  timestamp_utc: { perSecond: 1_000_000, utc: true },
  timestamp_ns: { perSecond: 1_000_000_000, utc: false },
  timestamp_ns_utc: { perSecond: 1_000_000_000, utc: true },
} as const satisfies Readonly<Record<string, TimestampForm>>

export type TimestampType = keyof typeof timestampForms

/** Types that are one word. */
const words = [
  'string',
  'int64',
  'float64',
  'bool',
  'json',
  'date',
  'timestamp',
  'timestamp_utc',
  'timestamp_ns',
  'timestamp_ns_utc',
  'media',
] as const

/** Numbers of 32 bits in a fixed order: as many as each cell has, or always so many. */
export type VectorType = 'vector' | `vector(${number})`

/**
 * The type a column declares before the first cell; every part has it.
 *
 * A type is its text, which is compared, stored and shown. Code that switches over it handles the words
 * one by one and handles vectors last, where the compiler accepts only a
 * `VectorType`.
 */
export type ColumnType = (typeof words)[number] | VectorType

/** How a column of timestamps counts. */
export function timestampForm(type: TimestampType): TimestampForm {
  return timestampForms[type]
}

/** Whether its cells are texts that stand for a date, with a time or without. */
export function isTimeType(type: ColumnType): type is TimestampType | 'date' {
  return type === 'date' || Object.hasOwn(timestampForms, type)
}

/** The type of vectors that have so many numbers. */
export function vectorType(size: number): VectorType {
  if (Number.isSafeInteger(size) && size > 0) return `vector(${size})`
  throw new RangeError(`a vector has a whole number of numbers from 1, got ${size}`)
}

/** How many numbers each vector has; null where they may have any number. */
export function vectorSize(type: VectorType): number | null {
  return type === 'vector' ? null : Number(type.slice('vector('.length, -1))
}

export function isVectorType(type: ColumnType): type is VectorType {
  return type.startsWith('vector')
}

/** A type from its text; null where the text is none. */
export function readColumnType(text: unknown): ColumnType | null {
  if (typeof text !== 'string') return null
  if (/^vector\([1-9]\d{0,14}\)$/.test(text)) return text as VectorType
  return [...words, 'vector' as const].find((known) => known === text) ?? null
}

/** All but vectors of a size. */
export const typeWords: readonly string[] = [...words, 'vector']

/** For people. */
export const knownTypes: string = [...typeWords, 'vector(size)'].join(', ')
