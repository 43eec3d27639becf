import { isTimeType, isVectorType, type ColumnType } from '../graph/column-type.ts'
import { createDistinct, type Distinct, type StoredDistinct } from './distinct.ts'
import { createFrequent, type Frequent, type StoredFrequent } from './frequent.ts'
import { createNumbers, type Numbers, type StoredNumbers } from './numbers.ts'
import { hashScalar, type Scalar } from './scalar.ts'
import { timeOf } from './time.ts'
import type { ValueCounts } from './value-counts.ts'
import { createVectors, type StoredVectors, type Vectors } from './vectors.ts'

/** What is known of the cells of a column, in memory that does not depend on their number. */
export interface ColumnSummary {
  addAll(values: readonly (Scalar | Float32Array)[]): void
  /** Cells whose values were counted: quicker where they repeat. */
  addCounts(counts: ValueCounts): void
  merge(stored: StoredSummary): void
  readonly cells: number
  readonly nulls: number
  /** Numbers that are NaN, infinite or beyond ±1e140, which are not in `numbers`. */
  readonly notFinite: number
  readonly distinct: Distinct
  /** Values, without those of JSON and media columns. */
  readonly frequent: Frequent
  /** Values of a number column. */
  readonly numbers: Numbers
  /** Characters (code points) of texts, and of JSON as text. */
  readonly lengths: Numbers
  /** Milliseconds since 1970, while every text is a date; null once one was not. */
  readonly times: Numbers | null
  /** Of a vector column, which has nothing else but cells and nulls. */
  readonly vectors: Vectors
  store(): StoredSummary
}

export interface StoredSummary {
  cells: number
  nulls: number
  notFinite: number
  distinct: StoredDistinct
  frequent: StoredFrequent
  numbers: StoredNumbers | null
  lengths: StoredNumbers | null
  times: StoredNumbers | null
  /** Absent without a vector. */
  vectors?: StoredVectors
}

/** Squares of larger numbers, summed up, would be infinite. */
export const largestNumber = 1e140

/** Different values are counted exactly up to `exactDistinct`. */
export function createSummary(
  type: ColumnType,
  { exactDistinct }: { exactDistinct: number },
): ColumnSummary {
  const distinct = createDistinct(exactDistinct)
  const frequent = createFrequent()
  const numbers = createNumbers()
  const lengths = createNumbers()
  const vectors = createVectors()
  // Most of these are different, and say nothing.
  const isCounted = type !== 'json' && type !== 'media'
  let times: Numbers | null = type === 'string' || isTimeType(type) ? createNumbers() : null
  let cells = 0
  let nulls = 0
  let notFinite = 0

  function addTime(text: string, weight: number): void {
    if (times === null) return
    const time = timeOf(text)
    if (time === null) times = null
    else times.add(time, weight)
  }

  function addNumber(value: number | bigint, weight: number): void {
    // JSON would make 0 of -0, later.
    const number = Number(value) + 0
    if (Math.abs(number) <= largestNumber) numbers.add(number, weight)
    else notFinite += weight
  }

  function addScalars(values: readonly Scalar[]): void {
    const present = values.includes(null) ? values.filter((value) => value !== null) : values
    nulls += values.length - present.length
    cells += values.length
    // It has no null any more.
    const hashes = addPresent(present as readonly Exclude<Scalar, null>[], null)
    if (isCounted) frequent.addAll(hashes, present)
  }

  function addCounts({ values, times: weights, nulls: without }: ValueCounts): void {
    nulls += without
    cells += weights.reduce((sum, weight) => sum + weight, without)
    const hashes = addPresent(values, weights)
    if (isCounted) frequent.addCounts(hashes, values, weights)
  }

  /** Gives the values' hashes; without weights each came once. */
  function addPresent(
    values: readonly Exclude<Scalar, null>[],
    weights: readonly number[] | null,
  ): Float64Array {
    const hashes = new Float64Array(values.length)
    /** Cells by their number of characters: often there are few. */
    const byLength = new Map<number, number>()
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at] as Exclude<Scalar, null>
      const weight = weights === null ? 1 : (weights[at] as number)
      const hash = hashScalar(value)
      hashes[at] = hash
      distinct.add(hash)
      if (typeof value === 'string') {
        const length = codePoints(value)
        byLength.set(length, (byLength.get(length) ?? 0) + weight)
        addTime(value, weight)
      } else if (typeof value !== 'boolean') {
        addNumber(value, weight)
      }
    }
    for (const [length, weight] of byLength) lengths.add(length, weight)
    return hashes
  }

  function addVectors(values: readonly (Float32Array | null)[]): void {
    cells += values.length
    for (const value of values) {
      if (value === null) nulls += 1
      else vectors.add(value)
    }
  }

  return {
    // A column has values of its own type only.
    addAll: isVectorType(type) ? addVectors : addScalars,
    addCounts,
    merge(stored) {
      cells += stored.cells
      nulls += stored.nulls
      notFinite += stored.notFinite
      distinct.merge(stored.distinct)
      frequent.merge(stored.frequent)
      if (stored.numbers !== null) numbers.merge(stored.numbers)
      if (stored.lengths !== null) lengths.merge(stored.lengths)
      if (stored.times === null) times = null
      else times?.merge(stored.times)
      if (stored.vectors !== undefined) vectors.merge(stored.vectors)
    },
    get cells() {
      return cells
    },
    get nulls() {
      return nulls
    },
    get notFinite() {
      return notFinite
    },
    distinct,
    frequent,
    numbers,
    lengths,
    vectors,
    get times() {
      return times
    },
    store: () => ({
      ...storedVectors(vectors),
      cells,
      nulls,
      notFinite,
      distinct: distinct.store(),
      frequent: frequent.store(),
      numbers: storedNumbers(numbers),
      lengths: storedNumbers(lengths),
      // Of a column without a text yet every text is a date.
      times: times?.store() ?? null,
    }),
  }
}

function storedVectors(vectors: Vectors): Pick<StoredSummary, 'vectors'> {
  const stored = vectors.store()
  return stored === null ? {} : { vectors: stored }
}

function storedNumbers(numbers: Numbers): StoredNumbers | null {
  const all = numbers.store()
  return all.count === 0 ? null : all
}

const surrogate = /[\uD800-\uDFFF]/

/** Characters as Python counts them: a surrogate pair is one. */
function codePoints(text: string): number {
  let count = text.length
  if (!surrogate.test(text)) return count
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xdc00) count -= 1
  }
  return count
}
