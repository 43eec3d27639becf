import type { Statistics } from 'hyparquet'
import type { StoredValue } from '../graph/stored-value.ts'
import type { PlainType } from './plain-page.ts'

/** `nan_count` is new in the format: hyparquet-writer writes it, hyparquet's type lacks it. */
type ColumnBounds = Statistics & { nan_count?: bigint }

/**
 * Least and greatest value of a column for its footer, and how many have none. `different`: its
 * values, each once, or all of them.
 */
export function boundsOf(
  type: PlainType,
  values: readonly StoredValue[],
  different: readonly StoredValue[],
): ColumnBounds {
  let nulls = 0
  for (const value of values) if (value === null) nulls += 1
  return {
    ...bounds[type](different),
    null_count: BigInt(nulls),
    ...(type === 'DOUBLE' && { nan_count: BigInt(countNaN(values)) }),
  }
}

const bounds: Readonly<
  Record<PlainType, (values: readonly StoredValue[]) => ColumnBounds | undefined>
> = {
  BYTE_ARRAY: textBounds,
  BOOLEAN: flagBounds,
  INT32: numberBounds,
  INT64: integerBounds,
  DOUBLE: numberBounds,
}

function textBounds(values: readonly StoredValue[]): ColumnBounds | undefined {
  let least: string | null = null
  let greatest = ''
  for (const value of values) {
    if (typeof value !== 'string') continue
    if (least === null) least = greatest = value
    else if (compareTexts(value, least) < 0) least = value
    else if (compareTexts(value, greatest) > 0) greatest = value
  }
  return least === null ? undefined : { min_value: least, max_value: greatest }
}

/** By code points, which is the order of their bytes in UTF-8. */
function compareTexts(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at += 1) {
    const mine = one.charCodeAt(at)
    const theirs = other.charCodeAt(at)
    if (mine !== theirs) return inOrder(mine) - inOrder(theirs)
  }
  return one.length - other.length
}

/** Of UTF-16 units the halves of pairs come last. */
function inOrder(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

function flagBounds(values: readonly StoredValue[]): ColumnBounds | undefined {
  const hasFalse = values.includes(false)
  const hasTrue = values.includes(true)
  return hasFalse || hasTrue ? { min_value: !hasFalse, max_value: hasTrue } : undefined
}

function integerBounds(values: readonly StoredValue[]): ColumnBounds | undefined {
  let least: number | bigint | null = null
  let greatest: number | bigint = 0
  for (const value of values) {
    if (typeof value !== 'number' && typeof value !== 'bigint') continue
    if (least === null) least = greatest = value
    else if (value < least) least = value
    else if (value > greatest) greatest = value
  }
  return least === null ? undefined : { min_value: BigInt(least), max_value: BigInt(greatest) }
}

/** NaN is in no order; a zero stands for both. */
function numberBounds(values: readonly StoredValue[]): ColumnBounds | undefined {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  let found = false
  for (const value of values) {
    if (typeof value !== 'number' || Number.isNaN(value)) continue
    found = true
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  if (!found) return undefined
  return { min_value: least === 0 ? -0 : least, max_value: greatest === 0 ? 0 : greatest }
}

function countNaN(values: readonly StoredValue[]): number {
  let count = 0
  for (const value of values) if (Number.isNaN(value)) count += 1
  return count
}
